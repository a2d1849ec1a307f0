/** A student cannot be fitted to these queries: their shape is none of images, or there are too few. */
export class StudentFitError extends Error {
  override readonly name = 'StudentFitError'
  readonly code = 'ERR_STUDENT_FIT'
}
