/** What is to say which companions there are and what they are worth cannot be read, or does not say it. */
export class InvalidCompanionProfileError extends Error {
  override readonly name = 'InvalidCompanionProfileError'
  readonly code = 'ERR_INVALID_COMPANION_PROFILE'
}
