/** No peer gave the model: none has it, or those that said so went away, stalled or lied. */
export class ModelUnavailableError extends Error {
  override readonly name = 'ModelUnavailableError'
  readonly code = 'ERR_MODEL_UNAVAILABLE'
}

/** The content id is not on the list of those that this peer may fetch. */
export class ModelNotAllowedError extends Error {
  override readonly name = 'ModelNotAllowedError'
  readonly code = 'ERR_MODEL_NOT_ALLOWED'
}

/** The other side broke a rule of the protocol; the stream is aborted. */
export class ModelWireError extends Error {
  override readonly name = 'ModelWireError'
  readonly code = 'ERR_MODEL_WIRE'
}

/** A peer sent a chunk that is not the model's. It is not asked again. */
export class FalseChunkError extends Error {
  override readonly name = 'FalseChunkError'
  readonly code = 'ERR_FALSE_CHUNK'
}

/** A peer did not answer in time. */
export class ProviderStalledError extends Error {
  override readonly name = 'ProviderStalledError'
  readonly code = 'ERR_PROVIDER_STALLED'
}
