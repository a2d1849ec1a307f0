/**
 * @packageDocumentation
 *
 * Students: small models, fitted in closed form to what the deployed model itself says of unlabelled queries. Random patches
 * of the images, whitened, or random directions of other queries; ReLU; pooling; ridge regression; at once, or while they serve. And descriptions: the deployed graph itself
 * on shrunk images; and exits: what its inner layers already tell. What is heavy, features and their products, is written as ONNX graphs for a runtime to run; nothing here
 * runs them. Imports `models` and `codes`.
 */
export { type SmallerModel, smallerModel, withReadout } from './description-graph.ts'
export { StudentFitError } from './errors.ts'
export { type ExitFeatures, exitFeatures, featuresModel, withExits } from './exit-graph.ts'
export { OnlineStudent, type OnlineStudentInit } from './online-student.ts'
export { type ImageShape, type PatchBank, type PatchOptions, patchBank } from './patch-bank.ts'
export { type RandomProjection, randomProjection } from './random-projection.ts'
export {
  addingUp,
  joinSums,
  LAMBDAS,
  noSums,
  type Readout,
  type RidgeSums,
  readOut,
  ridge,
  squaredError
} from './ridge.ts'
export { shrinking, type View } from './shrinking.ts'
export { type FeatureGraph, patchFeatures, projectionFeatures, studentModel, sumsModel } from './student-graph.ts'
