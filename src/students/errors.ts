/** A student cannot be fitted to these queries: their shape is none of images, or there are too few. */
export class StudentFitError extends Error {
  override readonly name = 'StudentFitError'
  readonly code = 'ERR_STUDENT_FIT'
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
