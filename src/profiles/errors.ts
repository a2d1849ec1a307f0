/** What is to say which companions there are and what they are worth cannot be read, or does not say it. */
export class InvalidCompanionProfileError extends Error {
  override readonly name = 'InvalidCompanionProfileError'
  readonly code = 'ERR_INVALID_COMPANION_PROFILE'
}

/** What is to say what a student is worth cannot be read, or does not say it. */
export class InvalidStudentProfileError extends Error {
  override readonly name = 'InvalidStudentProfileError'
  readonly code = 'ERR_INVALID_STUDENT_PROFILE'
}

/** What is to say what the exits of a model are worth cannot be read, or does not say it. */
export class InvalidExitsProfileError extends Error {
  override readonly name = 'InvalidExitsProfileError'
  readonly code = 'ERR_INVALID_EXITS_PROFILE'
}

/** What is to say how queries are described cannot be read, or does not say it. */
export class InvalidShrunkProfileError extends Error {
  override readonly name = 'InvalidShrunkProfileError'
  readonly code = 'ERR_INVALID_SHRUNK_PROFILE'
}
