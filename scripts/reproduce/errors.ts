/** A table of a paper cannot be made: what it needs is missing, or not what it should be. */
export class ReproduceError extends Error {
  override readonly name = 'ReproduceError'
  readonly code = 'ERR_REPRODUCE'
}
