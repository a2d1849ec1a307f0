/** Tensors do not fit the model's signature: an input or output is missing, unknown or given twice. */
export class SignatureMismatchError extends Error {
  override readonly name = 'SignatureMismatchError'
  readonly code = 'ERR_SIGNATURE_MISMATCH'
}

/** A file is no ONNX model, or a broken one. */
export class MalformedModelError extends Error {
  override readonly name = 'MalformedModelError'
  readonly code = 'ERR_MALFORMED_MODEL'
}

/** Why a sound ONNX file is refused. */
export type UnsafeReason =
  | 'too-large'
  | 'external-data'
  | 'custom-operator'
  | 'local-function'
  | 'training'
  | 'sparse-tensor'
  | 'tensor-size'
  | 'shape'
  | 'nesting'

/** A model file is sound ONNX, and asks for what a model from another peer must not have. */
export class UnsafeModelError extends Error {
  override readonly name = 'UnsafeModelError'
  readonly code = 'ERR_UNSAFE_MODEL'
  readonly reason: UnsafeReason

  constructor(reason: UnsafeReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** A model is not in the cache. */
export class ModelNotCachedError extends Error {
  override readonly name = 'ModelNotCachedError'
  readonly code = 'ERR_MODEL_NOT_CACHED'
}

/** A model file is not what its content id says. */
export class ModelCorruptError extends Error {
  override readonly name = 'ModelCorruptError'
  readonly code = 'ERR_MODEL_CORRUPT'
}

/** A model does not fit the cache, whatever is evicted. */
export class CacheFullError extends Error {
  override readonly name = 'CacheFullError'
  readonly code = 'ERR_CACHE_FULL'
}
