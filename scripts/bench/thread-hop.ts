import { Worker } from 'node:worker_threads'
import { entryUrl } from '../../src/runtime/index.ts'

/** A thread that gives back each message as it came: there and back by transfer, as inputs and outputs of a model go. */
export class ThreadHop {
  readonly #worker = new Worker(entryUrl(import.meta.url, 'echo-thread'))
  readonly #waiting: Array<(bytes: Uint8Array) => void> = []

  constructor() {
    this.#worker.on('message', (bytes: Uint8Array) => this.#waiting.shift()?.(bytes))
  }

  /** The bytes as they come back; their whole buffer moves away. */
  through(bytes: Uint8Array): Promise<Uint8Array> {
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      this.#worker.postMessage(bytes, transferOf(bytes))
    })
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}

/** Memory that is shared cannot move: it would be copied. */
function transferOf({ buffer }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : []
}
