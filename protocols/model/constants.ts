/** The name a peer announces when it gives models to others, and that is selected when a stream is opened. */
export const MODEL_PROTOCOL = '/splinemesh/model/1.0.0'

/** Bytes of the fixed part that opens every frame. */
export const PRELUDE_BYTES = 8

/** The largest header of any frame. A larger one ends the stream. */
export const MAX_HEADER_BYTES = 256

/** The largest model that is fetched, if the caller sets none. */
export const DEFAULT_MAX_MODEL_BYTES = 1024 ** 3

/** A frame goes out in pieces: a yamux frame is decoded only when it is complete, and noise encrypts inside `send()`. */
export const PIECE_BYTES = 64 * 1024

/** Chunks asked of one provider at once, so that the next is on its way while one is being hashed. */
export const LANES = 2

/** What may wait to be read on the side that asks: the answers to all lanes, and something small. */
export const ASKER_BUFFER_BYTES = 1024 * 1024

/** What may wait to be read on the side that provides: many more questions than lanes. */
export const PROVIDER_BUFFER_BYTES = 4 * 1024

/** Streams on which one peer may ask at once, a model each. */
export const MAX_STREAMS_PER_PEER = 8

/** Streams on which all peers together may ask; each takes one chunk of memory at most. */
export const DEFAULT_MAX_STREAMS = 64

/** How long each stage may take, in ms, if the caller sets nothing. */
export const DEFAULT_TIMEOUTS = { open: 10_000, answer: 10_000, send: 10_000, idle: 60_000, patience: 15_000 }

/** How often a provider that has nothing to give at the moment is asked again what it has, in ms. */
export const REFRESH_MS = 200

/** Before a provider that went away, stalled or had no room is tried again, in ms; doubled each time. */
export const RETRY_MS = 500
