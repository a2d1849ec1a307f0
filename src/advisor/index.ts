/**
 * @packageDocumentation
 *
 * Which redundancy to buy: what every plan is worth in a fleet with so many workers and stragglers, from what calibration
 * measured and from how copies get lost. Imports `codes`; it knows a fleet only by numbers, and nothing of time.
 */
export { type Advice, type AdvisedPlan, type AdviseInit, advise } from './advise.ts'
export { InvalidFleetError, NoAdviceError } from './errors.ts'
export type { Forecast, Worth } from './forecast.ts'
export type { ParityFacts } from './parity.ts'
export { planTitle } from './reason.ts'
export type { DescriptionFacts, ExitFacts, ExitsFacts, SideFacts, StudentFacts } from './side.ts'
export { expectedLoss, type Spare, type SparesInit, spares } from './spares.ts'
export { type FleetFacts, type Stragglers, stragglersAmong } from './stragglers.ts'
