import { Worker } from 'node:worker_threads'
import { entryUrl } from '../../src/runtime/index.ts'

/** A thread that answers each message: there and back by transfer, as inputs and outputs of a model go. */
export class ThreadHop {
  readonly #worker = new Worker(entryUrl(import.meta.url, 'echo-thread'))
  readonly #waiting: Array<(bytes: Uint8Array) => void> = []

  constructor() {
    this.#worker.on('message', (bytes: Uint8Array) => this.#waiting.shift()?.(bytes))
  }

  /** The bytes as they come back; their whole buffer moves away. */
  echo(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#ask(bytes, true)
  }

  /** Four bytes, when the thread has got those given. */
  count(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#ask(bytes, false)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #ask(bytes: Uint8Array, echo: boolean): Promise<Uint8Array> {
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      this.#worker.postMessage({ bytes, echo }, transferOf(bytes))
    })
  }
}

/** Memory that is shared cannot move: it would be copied. */
function transferOf({ buffer }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : []
}
