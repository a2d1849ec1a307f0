import type { Millis, WorkerId } from '../../src/inference/index.ts'
import { type TensorHeader, tensorsOf } from '../../src/models/index.ts'
import { checkResult, type ResultBounds } from './check-result.ts'
import { asError, failureError } from './failure.ts'
import type { FrameHead } from './frames.ts'
import { LastRead } from './last-read.ts'
import { decodeEarly, decodeFailure, decodeResult } from './messages.ts'
import type { OutboundRequest } from './request.ts'

export interface AnswersInit {
  worker: WorkerId
  /** What results the master takes. */
  takes: Omit<ResultBounds, 'bodyLength'>
  now(): Millis
}

/** Reads what one worker says to the requests of its master: EARLY, RESULT and FAILED. */
export class Answers {
  readonly #init: AnswersInit
  readonly #lastRead = {
    early: new LastRead<readonly TensorHeader[]>(),
    result: new LastRead<readonly TensorHeader[]>()
  }

  constructor(init: AnswersInit) {
    this.#init = init
  }

  /**
   * Judges outputs by their header: is their body to be kept? Wrong ones fail their request.
   *
   * @throws {WireError} the header cannot be read, or outputs come early that must not
   */
  judge(request: OutboundRequest, { type, header, bodyLength }: FrameHead): boolean {
    const { worker, takes } = this.#init
    if (type === 'early') {
      request.comesEarly(decodeEarly(header, this.#lastRead.early))
    } else {
      request.comes(decodeResult(header, this.#lastRead.result))
    }
    if (request.callbacks === undefined) {
      return false
    }
    try {
      checkResult(worker, request.model, request.coming, { bodyLength, ...takes })
      return true
    } catch (error) {
      request.settle()?.failed(asError(error))
      return false
    }
  }

  /** @param body of outputs that are kept, whole */
  early(request: OutboundRequest, body: Uint8Array | undefined): void {
    if (body !== undefined) {
      request.callbacks?.early?.(tensorsOf(request.coming.given, body))
    }
  }

  /** The last that is said to a request, which ends it. */
  terminal(request: OutboundRequest, { type, header }: FrameHead, body: Uint8Array | undefined): void {
    const now = this.#init.now()
    if (type === 'result') {
      const { result } = request
      const outputs = result && body && tensorsOf(result.outputs, body)
      request.succeed(outputs, result && request.timings(result, now))
    } else {
      const failure = decodeFailure(header)
      request.fail(failureError(failure, this.#init.worker), failure.timings && request.timings(failure.timings, now))
    }
  }
}
