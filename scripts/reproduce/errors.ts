/** A table of a paper cannot be made: what it needs is not what it should be. */
export class ReproduceError extends Error {
  override readonly name = 'ReproduceError'
  readonly code = 'ERR_REPRODUCE'
}

/** The data of a table are not there. */
export class MissingDataError extends Error {
  override readonly name = 'MissingDataError'
  readonly code = 'ERR_MISSING_DATA'
}
