/** The plan that was asked for cannot be made. */
export class InvalidPlanError extends Error {
  override readonly name = 'InvalidPlanError'
  readonly code = 'ERR_INVALID_PLAN'
}

/** No worker that serves the model was known by the deadline. */
export class NoWorkersError extends Error {
  override readonly name = 'NoWorkersError'
  readonly code = 'ERR_NO_WORKERS'
}

/** The results that came do not give this query's prediction. */
export class NotRecoveredError extends Error {
  override readonly name = 'NotRecoveredError'
  readonly code = 'ERR_NOT_RECOVERED'
}

/** The deadline came before the stop rule held, and the caller asked to fail then. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
  readonly code = 'ERR_DEADLINE'
}

/** A result or a prediction holds NaN or an infinity. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError'
  readonly code = 'ERR_NOT_FINITE'
}

/** A worker's result cannot be used: an output is missing or has another shape or dtype than the group's others. */
export class UnusableResultError extends Error {
  override readonly name = 'UnusableResultError'
  readonly code = 'ERR_UNUSABLE_RESULT'
}
