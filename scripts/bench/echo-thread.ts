/** The entry of the thread of a {@link ThreadHop}: gives back what it gets, or four bytes for it. */
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', ({ bytes, echo }: { bytes: Uint8Array<ArrayBuffer>; echo: boolean }) => {
  const answer = echo ? bytes : new Uint8Array(4)
  parentPort?.postMessage(answer, [answer.buffer])
})
