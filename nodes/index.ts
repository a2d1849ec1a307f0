/**
 * @packageDocumentation
 *
 * splinemesh: a prediction-serving mesh. {@link createPeer} makes a whole peer; {@link codedInference} adds the service to a
 * libp2p node of your own.
 */

export type {
  DescriptionProfile,
  ExitsProfile,
  ParityProfile,
  ShrunkProfile,
  StudentProfile
} from '../src/profiles/index.ts'
export { type CalibrateInit, type Calibration, calibrate, type PlanToCalibrate } from './calibrate.ts'
export { type CalibrateDescriptionInit, calibrateDescription } from './calibrate-description.ts'
export { type CalibrateExitsInit, calibrateExits, type ModelWithExits } from './calibrate-exits.ts'
export { type CalibrateParitiesInit, calibrateParities } from './calibrate-parities.ts'
export type { SurvivorScore } from './calibrate-plan.ts'
export { type CalibrateShrunkInit, calibrateShrunk, type ShrunkDescription } from './calibrate-shrunk.ts'
export { type CalibrateStudentInit, calibrateStudent, studentWorth } from './calibrate-student.ts'
export type { Score } from './calibration-score.ts'
export type { Answer, FinalAnswer, TerminalOutcome } from './calls.ts'
export {
  type CodeChoice,
  type CodedInference,
  type CodedInferenceComponents,
  type CodedInferenceInit,
  codedInference,
  type InferOptions,
  type InferRequest,
  type Prediction,
  type PredictOptions,
  type ProgressiveRequest,
  type WaitOptions
} from './coded-inference.ts'
export { descriptionOf } from './descriptions.ts'
export { type Encrypter, encrypters } from './encrypters.ts'
export { type Environment, environment } from './environment.ts'
export {
  AmbiguousModelError,
  InvalidMembersError,
  InvalidOptionError,
  InvalidVariantsError,
  ListenError,
  NoQueriesError,
  PeerStoppedError,
  PortInUseError,
  ProfileMismatchError
} from './errors.ts'
export type { FeaturesChoice } from './features.ts'
export {
  type DescriptionFit,
  type FitDescriptionInit,
  type FittedDescription,
  fitDescription,
  type TriedDescription
} from './fit-description.ts'
export { type ExitsFit, type FitExitsInit, type FittedExit, fitExits } from './fit-exits.ts'
export { type FitStudentInit, fitStudent } from './fit-student.ts'
export { LearningStudent, type LearningStudentInit } from './learning-student.ts'
export { type MeshExecutorInit, meshExecutor } from './mesh-executor.ts'
export { multiplyAdds } from './multiply-adds.ts'
export { parityPlan } from './parities.ts'
export { createPeer, type Peer, type PeerInit } from './peer.ts'
export type { Members, PrivateFleet, Refusal, Role } from './private-fleet.ts'
export type { Queries, Query } from './queries.ts'
export { type StudentCompanionInit, studentCompanion } from './student-companion.ts'
export type { WorkerInfo } from './workers.ts'
