import { constants } from 'node:os'
import { InterruptedError } from './errors.ts'

/** What the process says when it ends; `splinemesh --help` and `docs/cli.md` list them. */
export const EXIT = {
  ok: 0,
  /** Some query has no prediction; something that must hold did not. */
  incomplete: 1,
  badInput: 2,
  noWorkers: 3,
  modelFailed: 4,
  portInUse: 5,
  internal: 70
} as const

// 69, no Node that is new enough, is the launcher's.
export const EXIT_CODES_HELP = `Exit codes:
  0    every query has its prediction; peers: a worker was reached; serve: ended by a signal; others: done
  1    some query has no prediction; doctor: something that was asked for does not work; chaos: a promise was broken
  2    bad usage or bad input
  3    no worker found
  4    a model cannot be fetched, loaded or served
  5    the port to listen on is in use
  69   no Node that is new enough
  70   internal error
  130  infer, peers, calibrate, chaos soak: interrupted (143: by SIGTERM)`

/** The named errors that a caller can do something about, by their stable code. */
const BY_CODE: Readonly<Record<string, number>> = {
  ERR_USAGE: EXIT.badInput,
  ERR_INPUT_FILE: EXIT.badInput,
  ERR_OUTPUT_FILE: EXIT.badInput,
  ERR_NO_QUERIES: EXIT.badInput,
  ERR_NPY_FORMAT: EXIT.badInput,
  ERR_SHAPE_MISMATCH: EXIT.badInput,
  ERR_DTYPE_MISMATCH: EXIT.badInput,
  ERR_SIGNATURE_MISMATCH: EXIT.badInput,
  ERR_NOT_FINITE: EXIT.badInput,
  ERR_INVALID_CODE: EXIT.badInput,
  ERR_UNKNOWN_CODE: EXIT.badInput,
  ERR_INVALID_PLAN: EXIT.badInput,
  ERR_INVALID_OPTION: EXIT.badInput,
  ERR_INVALID_PROFILE: EXIT.badInput,
  ERR_INVALID_STUDENT_PROFILE: EXIT.badInput,
  ERR_INVALID_COMPANION_PROFILE: EXIT.badInput,
  ERR_INVALID_EXITS_PROFILE: EXIT.badInput,
  ERR_INVALID_SHRUNK_PROFILE: EXIT.badInput,
  ERR_STUDENT_FIT: EXIT.badInput,
  ERR_SCENARIO: EXIT.badInput,
  ERR_REAL_FLEET: EXIT.noWorkers,
  ERR_PROFILE_MISMATCH: EXIT.badInput,
  ERR_INVALID_MEMBERS: EXIT.badInput,
  ERR_INVALID_VARIANTS: EXIT.badInput,
  ERR_INVALID_FLEET: EXIT.badInput,
  ERR_NO_ADVICE: EXIT.badInput,
  ERR_LISTEN: EXIT.badInput,
  ERR_RUNTIME_OPTION: EXIT.badInput,
  ERR_DUPLICATE_MODEL: EXIT.badInput,
  ERR_AMBIGUOUS_MODEL: EXIT.badInput,
  ERR_MODEL_NOT_CACHED: EXIT.badInput,
  ERR_MODEL_NOT_ALLOWED: EXIT.badInput,
  ERR_NO_WORKERS: EXIT.noWorkers,
  ERR_MODEL_LOAD: EXIT.modelFailed,
  ERR_PROVIDER_UNAVAILABLE: EXIT.modelFailed,
  ERR_EXECUTOR_PROCESS: EXIT.modelFailed,
  ERR_MALFORMED_MODEL: EXIT.modelFailed,
  ERR_UNSAFE_MODEL: EXIT.modelFailed,
  ERR_MODEL_UNAVAILABLE: EXIT.modelFailed,
  ERR_MODEL_CORRUPT: EXIT.modelFailed,
  ERR_CACHE_FULL: EXIT.modelFailed,
  ERR_PORT_IN_USE: EXIT.portInUse
}

/** The exit code of an error; `EXIT.internal` for one that should not have come this far. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) {
    return 128 + constants.signals[error.signal]
  }
  return BY_CODE[codeOf(error) ?? ''] ?? EXIT.internal
}

/** The stable code of a named error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
