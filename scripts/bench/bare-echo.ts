/**
 * The baseline: frames of a u32 length and that many bytes over one long-lived libp2p stream, and nothing else. No ids, no
 * deadlines, no credit, no checks; one frame is under way at a time.
 */
import type { Stream } from '@libp2p/interface'

export const BARE_PROTOCOL = '/splinemesh/bench/bare/1.0.0'

const LENGTH_BYTES = 4

/** Calls `onFrame` with the bytes of each frame, in memory of their own. */
export function readFrames(stream: Stream, onFrame: (bytes: Uint8Array<ArrayBuffer>) => void): void {
  const length = new Uint8Array(LENGTH_BYTES)
  let body: Uint8Array<ArrayBuffer> | undefined
  let filled = 0
  const eat = (chunk: Uint8Array): void => {
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
  stream.addEventListener('message', ({ data }) => {
    if (data instanceof Uint8Array) {
      eat(data)
    } else {
      for (const chunk of data) {
        eat(chunk)
      }
    }
  })
}

export function sendFrame(stream: Stream, bytes: Uint8Array): void {
  const frame = new Uint8Array(LENGTH_BYTES + bytes.length)
  new DataView(frame.buffer).setUint32(0, bytes.length, true)
  frame.set(bytes, LENGTH_BYTES)
  stream.send(frame)
}
