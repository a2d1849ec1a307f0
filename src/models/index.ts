/**
 * @packageDocumentation
 *
 * What a model is to the mesh: a content id, a name, and the signature of its inputs and outputs, with the checks of
 * tensors against it. Imports only `tensor`.
 */
export { checkModelFile } from './check-model-file.ts'
export { checkInputs, checkOutputs, checkWanted, headersOf, type TensorHeader } from './check-tensors.ts'
export { MalformedModelError, SignatureMismatchError, UnsafeModelError, type UnsafeReason } from './errors.ts'
export { contentId, contentIdOf, isModelId, type Model, type ModelId } from './model.ts'
export type { ModelSignature, NamedTensors, TensorSpec } from './signature.ts'
export { bodyBytes, bodyParts, tensorsOf } from './tensor-body.ts'
