import { parentPort, workerData } from 'node:worker_threads'
import type { FromThread, ThreadData } from '../../src/runtime/thread-messages.ts'
import { affineSignature } from './fixture-models.ts'

/** Says that every model is loaded, with the signature of the affine model. */
export function answerLoad(): void {
  const { models }: ThreadData = workerData
  const loaded: FromThread = {
    type: 'loaded',
    models: models.map(({ id, name }) => ({
      id,
      name,
      signature: affineSignature,
      provider: 'cpu',
      partly: false,
      unavailable: []
    }))
  }
  parentPort?.postMessage(loaded)
}
