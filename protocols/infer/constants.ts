import type { Packing } from '../../src/tensor/index.ts'

/** The name a peer announces when it serves models, and that a master selects when it opens a stream. */
export const INFER_PROTOCOL = '/splinemesh/infer/1.0.0'

/** Bytes of the fixed part that opens every frame. */
export const PRELUDE_BYTES = 12

/** The largest header of any frame. A larger one ends the stream. */
export const MAX_HEADER_BYTES = 16 * 1024

/** The largest list of models in the HELLO of a worker; that of a master is empty. */
export const MAX_HELLO_BODY_BYTES = 1024 * 1024

/** The longest text of a FAILED frame, in bytes of UTF-8. Longer ones are cut. */
export const MAX_MESSAGE_BYTES = 1024

/** The most axes of a tensor on the wire. */
export const MAX_RANK = 8

/**
 * What a large frame goes out in: with their yamux headers of 12 bytes, three messages of noise. Noise encrypts all of a piece
 * before the first byte of it leaves, so that the other side waits for large ones; and answers each with a frame of its own
 * (the window of yamux), which small ones make many. Streams that send at the same time take turns piece by piece.
 */
export const PIECE_BYTES = 3 * 65_519 - 12

/** A frame that is not larger leaves at once if nothing holds it up, a larger one in turns with those of other streams. */
export const PROMPT_BYTES = 64 * 1024 + MAX_HEADER_BYTES

/** A frame whose body is not larger is joined into one part: to copy it costs less than what libp2p does for each part. */
export const JOINED_BYTES = 16 * 1024

/** How long all streams together hand pieces to libp2p before they let the event loop turn, and what small frames take of it. */
export const TURN_MS = 3
export const PROMPT_BYTES_PER_TURN = 384 * 1024

/** The largest body (the tensors of one request or one result) that this peer takes, if the caller sets none. */
export const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024

/** The forms in which a worker takes float32 inputs: what is lost by them is the master's to judge. */
export const TAKEN_PACKINGS: readonly Packing[] = ['float16', 'int8']

/** What a worker grants each master, if the caller sets nothing. */
export const DEFAULT_CREDIT = { requests: 64, bytes: 128 * 1024 * 1024 }

/** How long each stage may take, in ms, if the caller sets nothing. */
export const DEFAULT_TIMEOUTS = { dial: 10_000, hello: 5_000, send: 10_000, firstByte: 10_000, receive: 10_000 }

/**
 * A body is due later by a millisecond for so many of its bytes, beside the time that every body has: a large one may come
 * at 512 kbit/s, a poor link, and not at a byte a second, an attack.
 */
export const LEAST_BYTES_PER_MS = 64

/**
 * A result that is there within so many ms goes without an ACCEPTED before it: another small frame would cost a fast model
 * more than the run itself.
 */
export const ACCEPTED_AFTER_MS = 5

/** A request without a result is given up so many ms after its deadline; the master has timed its group out by then. */
export const RESULT_GRACE_MS = 50

/** How long a stream may take to close gracefully before it is aborted, in ms. */
export const CLOSE_TIMEOUT_MS = 1_000

/** A new stream from a master replaces its old one, so two a connection is the most there can rightly be for a moment. */
export const MAX_INBOUND_STREAMS = 2
