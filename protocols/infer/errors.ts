/** Stage dial: no connection to the worker, or no stream of this protocol on it. The cause tells. */
export class DialError extends Error {
  override readonly name = 'DialError'
  readonly code = 'ERR_DIAL'
}

/** Stage hello: the worker hung up before it said HELLO. */
export class HelloError extends Error {
  override readonly name = 'HelloError'
  readonly code = 'ERR_HELLO'
}

/** Stage hello: the other side opened the stream and did not say HELLO in time. */
export class HelloTimeoutError extends Error {
  override readonly name = 'HelloTimeoutError'
  readonly code = 'ERR_HELLO_TIMEOUT'
}

/** Stage send: the request cannot be put on the wire. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly code = 'ERR_SEND'
}

/** Stage send: the request waited for credit until its deadline, or the other side stopped reading. */
export class SendTimeoutError extends Error {
  override readonly name = 'SendTimeoutError'
  readonly code = 'ERR_SEND_TIMEOUT'
}

/** Stage first byte: the request was sent, and the worker neither accepted nor rejected it in time. */
export class FirstByteTimeoutError extends Error {
  override readonly name = 'FirstByteTimeoutError'
  readonly code = 'ERR_FIRST_BYTE'
}

/** At the worker: the body of a request did not come in time. */
export class ReceiveTimeoutError extends Error {
  override readonly name = 'ReceiveTimeoutError'
  readonly code = 'ERR_RECEIVE_TIMEOUT'
}

/** Stage result: the worker accepted the request, and its deadline passed without a result. */
export class ResultTimeoutError extends Error {
  override readonly name = 'ResultTimeoutError'
  readonly code = 'ERR_RESULT_TIMEOUT'
}

/** Stage result: the outputs are not those that the model's signature promises. */
export class InvalidResultError extends Error {
  override readonly name = 'InvalidResultError'
  readonly code = 'ERR_INVALID_RESULT'
}

/** Why a worker does not run a request. */
export type RejectReason = 'unknown-model' | 'bad-input' | 'queue-full' | 'deadline' | 'stopping' | 'too-large'

/** Stage rejected: the worker does not run this request. */
export class RejectedByWorkerError extends Error {
  override readonly name = 'RejectedByWorkerError'
  readonly code = 'ERR_REJECTED'
  readonly reason: RejectReason
  /** When it makes sense to ask this worker again, in ms from now, if it said so. */
  readonly retryAfterMs: number | undefined

  constructor(reason: RejectReason, message: string, retryAfterMs?: number) {
    super(message)
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

/** Stage result: the model failed on these inputs at the worker. */
export class RemoteRunError extends Error {
  override readonly name = 'RemoteRunError'
  readonly code = 'ERR_REMOTE_RUN'
}

/** Stage cancelled: the worker gave the request up though the master did not ask it to. */
export class CancelledByWorkerError extends Error {
  override readonly name = 'CancelledByWorkerError'
  readonly code = 'ERR_CANCELLED'
}

/** The stream ended with the request on it: closed by this side, by the other, or with its connection. */
export class StreamClosedError extends Error {
  override readonly name = 'StreamClosedError'
  readonly code = 'ERR_STREAM_CLOSED'
}

/** The other side broke a rule of the protocol; the stream is aborted. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code = 'ERR_WIRE'
}
