/**
 * @packageDocumentation
 *
 * What a model is to the mesh: a content id, a name, and the signature of its inputs and outputs. Imports only `tensor`.
 */
export { contentId, isModelId, type Model, type ModelId } from './model.ts'
export { type ModelSignature, type NamedTensors, type TensorSpec } from './signature.ts'
