/** A stand-in for `onnx-thread.ts` under which the model file changes while it is loaded. */
import { appendFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadData } from '../../src/runtime/thread-messages.ts'
import { answerLoad } from './stand-in-thread.ts'

const { models }: ThreadData = workerData
for (const { path } of models) {
  appendFileSync(path, ' ')
}
parentPort?.once('message', () => parentPort?.close())
answerLoad()
