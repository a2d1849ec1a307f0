/** A stand-in for `onnx-thread.ts` that loads well and dies in its first run. */
import { parentPort } from 'node:worker_threads'
import { answerLoad } from './stand-in-thread.ts'

parentPort?.once('message', () => process.exit(7))
answerLoad()
