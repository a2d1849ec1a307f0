/**
 * The baseline: frames of a u32 length and that many bytes, over a libp2p stream or a socket, and nothing else. No ids, no
 * deadlines, no credit, no checks; answers come in the order of what they answer.
 */
import type { Stream } from '@libp2p/interface'

/** What sends back each frame, and what answers with four bytes. */
export const BARE_ECHO = '/splinemesh/bench/echo/1.0.0'
export const BARE_COUNT = '/splinemesh/bench/count/1.0.0'

const LENGTH_BYTES = 4

/** Takes a stream's bytes in chunks of any size; calls `onFrame` with each frame, in memory of its own. */
export function frameReader(onFrame: (bytes: Uint8Array<ArrayBuffer>) => void): (chunk: Uint8Array) => void {
  const length = new Uint8Array(LENGTH_BYTES)
  let body: Uint8Array<ArrayBuffer> | undefined
  let filled = 0
  return chunk => {
    let at = 0
    while (at < chunk.length) {
      const target = body ?? length
      const count = Math.min(chunk.length - at, target.length - filled)
      target.set(chunk.subarray(at, at + count), filled)
      filled += count
      at += count
      if (filled === target.length) {
        filled = 0
        if (body === undefined) {
          body = new Uint8Array(new DataView(length.buffer).getUint32(0, true))
        } else {
          const bytes = body
          body = undefined
          onFrame(bytes)
        }
      }
    }
  }
}

export function readStream(stream: Stream, onFrame: (bytes: Uint8Array<ArrayBuffer>) => void): void {
  const read = frameReader(onFrame)
  stream.addEventListener('message', ({ data }) => {
    for (const chunk of data instanceof Uint8Array ? [data] : data) {
      read(chunk)
    }
  })
}

/** In one part, as a plain program would. */
export function frameOf(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + bytes.length)
  new DataView(frame.buffer).setUint32(0, bytes.length, true)
  frame.set(bytes, LENGTH_BYTES)
  return frame
}
