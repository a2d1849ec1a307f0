/**
 * @packageDocumentation
 *
 * What a model is to the mesh: a content id, a name, and the signature of its inputs and outputs, with the checks of
 * tensors against it; a file that is checked before it is run, can be checked chunk by chunk, and is kept in a cache by its
 * content id. Imports only `tensor`.
 */
export { type CachedModel, type ModelCache, type ModelCacheInit, type ModelFile, modelCache } from './cache.ts'
export { checkModelFile } from './check-model-file.ts'
export { checkInputs, checkOutputs, checkWanted, headersOf, type TensorHeader } from './check-tensors.ts'
export {
  CacheFullError,
  MalformedModelError,
  ModelCorruptError,
  ModelNotCachedError,
  SignatureMismatchError,
  UnsafeModelError,
  type UnsafeReason
} from './errors.ts'
export {
  CHUNK_BYTES,
  chainDigest,
  chunkCount,
  chunkLength,
  decodeChain,
  encodeChain,
  type HashChain,
  hashChainOf,
  isChain,
  isLink,
  STATE_BYTES
} from './hash-chain.ts'
export { cidOf, contentId, contentIdOf, isModelId, type Model, type ModelId, parseModelId } from './model.ts'
export {
  type Cut,
  cutsOf,
  type GraphProto,
  isExit,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
  type OnnxWeight,
  readOnnx,
  rewriteOnnx,
  type Stage,
  stagesOf,
  ValueInfoProtoSchema,
  writeOnnx
} from './onnx/index.ts'
export type { PartialModel } from './partial-model.ts'
export type { ModelSignature, NamedTensors, TensorSpec } from './signature.ts'
export { bodyBytes, bodyParts, tensorsOf } from './tensor-body.ts'
export { type Variants, variantsId } from './variants.ts'
