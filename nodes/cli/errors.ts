/** The command line itself is wrong: an unknown option, a value that is none, options that exclude each other. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'ERR_USAGE'
}

/** A file that was named cannot be used: missing, unreadable, of an unknown kind, or not fit for what it is given as. */
export class InputFileError extends Error {
  override readonly name = 'InputFileError'
  readonly code = 'ERR_INPUT_FILE'
}

/** A file to write cannot be written. */
export class OutputFileError extends Error {
  override readonly name = 'OutputFileError'
  readonly code = 'ERR_OUTPUT_FILE'
}

/** A signal ended the command before it was done. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly code = 'ERR_INTERRUPTED'
  readonly signal: 'SIGINT' | 'SIGTERM'

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`ended by ${signal} before it was done`)
    this.signal = signal
  }
}
