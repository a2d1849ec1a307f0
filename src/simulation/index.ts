/**
 * @packageDocumentation
 *
 * A fleet on a virtual clock: seeded, replayable, driving the same master as a real one. Same seed, same bytes. A scenario says what the
 * fleet is, what is asked of it and what goes wrong; {@link simulate} runs a plan through it and checks what must always hold.
 */
export { type BehaviourInit, behaviour } from './behaviour.ts'
export type { CompanionFigures, CompanionsUnderTest } from './companions-under-test.ts'
export { type Condition, conditionOf } from './condition.ts'
export { DEVICES, type Device, type DeviceName } from './device.ts'
export { logged } from './event-log.ts'
export { FAULTS, type Fault, type FaultKind, type Target } from './fault.ts'
export {
  type Figures,
  type LatencyFigures,
  type Moment,
  type PhaseFigures,
  type RunFigures,
  runFigures
} from './figures.ts'
export { INVARIANTS, type Invariant, type Violation } from './invariants.ts'
export { type Judged, type Measured, type ModelUnderTest, timedModel } from './model-under-test.ts'
export { planName } from './plan.ts'
export { randomScenario } from './random-scenario.ts'
export { readScenario, ScenarioError, scenario } from './read-scenario.ts'
export type { GroupRecord, QueryRecord, RunRecord } from './run-record.ts'
export {
  type Backend,
  type PlanReport,
  type RunScenarioInit,
  runScenario,
  type ScenarioReport
} from './run-scenario.ts'
export { type Machines, type Scenario, type ScenarioPlan, scenarioSchema, type Workload } from './scenario.ts'
export { type Shrunk, shrink } from './shrink.ts'
export { deviceOf, type SimulationOptions, seedsOf, simulate } from './simulate.ts'
export { type Spoil, spoil } from './spoil.ts'
export { type FaultyMachine, faultChance, type Source, unfold } from './timeline.ts'
export {
  type VirtualChannel,
  type VirtualWorkerInit,
  virtualChannel
} from './virtual-channel.ts'
export { VirtualClock } from './virtual-clock.ts'
export { isTransport, type TaskFault, type VirtualProfile } from './virtual-profile.ts'
export { startWorkload } from './workload.ts'
