/**
 * @packageDocumentation
 *
 * Scenarios on real processes, for what compares plans or policies on them. It is a door of its own: who makes a peer loads
 * nothing of it.
 */
export { type OnnxModelUnderTest, onnxUnderTest } from '../cli/chaos-model.ts'
export { RealFleet, type RealFleetInit } from './real-fleet.ts'
export { type RealRunInit, type RealRunRecord, rehearse, runReal } from './run-real.ts'
