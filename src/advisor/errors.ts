/** The fleet that advice is asked for cannot be: no workers, or stragglers that are no part of them. */
export class InvalidFleetError extends Error {
  override readonly name = 'InvalidFleetError'
  readonly code = 'ERR_INVALID_FLEET'
}

/** There is no plan to advise of among those that were asked for. */
export class NoAdviceError extends Error {
  override readonly name = 'NoAdviceError'
  readonly code = 'ERR_NO_ADVICE'
}
