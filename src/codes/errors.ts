/** The parameters of a code, or of its decoder, are not possible. */
export class InvalidCodeError extends Error {
  override readonly name = 'InvalidCodeError'
  readonly code = 'ERR_INVALID_CODE'
}

/** There is no code of that name in the registry. */
export class UnknownCodeError extends Error {
  override readonly name = 'UnknownCodeError'
  readonly code = 'ERR_UNKNOWN_CODE'
}

/** Nothing can be decoded, because no result arrived. */
export class EmptySurvivorsError extends Error {
  override readonly name = 'EmptySurvivorsError'
  readonly code = 'ERR_EMPTY_SURVIVORS'
}

/** Survivors must be ascending indices of coded queries, each at most once. */
export class InvalidSurvivorsError extends Error {
  override readonly name = 'InvalidSurvivorsError'
  readonly code = 'ERR_INVALID_SURVIVORS'
}

/** The number of queries or results is not that of the code, or one that is needed is missing. */
export class GroupSizeError extends Error {
  override readonly name = 'GroupSizeError'
  readonly code = 'ERR_GROUP_SIZE'
}

/** A profile cannot be read, or does not say what a profile must say. */
export class InvalidProfileError extends Error {
  override readonly name = 'InvalidProfileError'
  readonly code = 'ERR_INVALID_PROFILE'
}
