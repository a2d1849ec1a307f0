/**
 * The entry of a worker process: a peer that serves the digits models as a slower device would, and is slow when it is
 * told to. It lives as long as the channel to the process that forked it: when that ends, also by SIGKILL, so does this.
 */
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { createPeer } from '../../nodes/index.ts'
import { random } from '../../src/chance/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { emulated } from './emulated-executor.ts'
import { isSpeedOrder, type WorkerInit, type WorkerWord } from './messages.ts'
import { JITTER_MS, MODEL_NAME, MODEL_PATH, MOSAIC_NAME, MOSAIC_PATH, SERVICE_MS, SLOW_MS } from './settings.ts'

/** How long a worker may take to stop, in ms. */
const STOP_MS = 2000

const { number, seed, bootstrap }: WorkerInit = JSON.parse(process.argv[2])
const chance = random(seed, 1 + number)
let slow = false

// Ctrl-C reaches every process of the terminal; the master's alone decides how to end.
process.on('SIGINT', () => {})
const parted = process.connected ? once(process, 'disconnect') : Promise.resolve()
parted.then(() => setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS).unref())

const peer = await createPeer({
  bootstrap: [bootstrap],
  executor: emulated({
    executor: onnxExecutor({
      models: [
        { name: MODEL_NAME, path: MODEL_PATH },
        { name: MOSAIC_NAME, path: MOSAIC_PATH }
      ]
    }),
    service: () => (slow ? SLOW_MS : SERVICE_MS + JITTER_MS * (2 * chance() - 1))
  })
})
process.on('message', order => {
  if (isSpeedOrder(order)) {
    slow = order.slow
    say({ type: 'done' })
  }
})
// For the workers that start after this one.
flushCompileCache()
say({ type: 'ready', worker: peer.id })
await parted
await peer.stop()

function say(word: WorkerWord): void {
  // With a callback, a master that has just died is no uncaught error: `parted` tells.
  process.send?.(word, undefined, {}, () => {})
}
