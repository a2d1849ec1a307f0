import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { entryUrl } from '../../src/runtime/index.ts'
import { DemoError } from './errors.ts'
import { isWorkerWord, type SpeedOrder, type WorkerInit, type WorkerWord } from './messages.ts'
import { COMPILE_CACHE } from './settings.ts'

/** How long a worker may take to serve, on a machine where many start at once, in ms. */
const READY_MS = 60_000

/** How long it may take to carry out an order, and to end, in ms. */
const ORDER_MS = 5_000
const END_MS = 4_000

/** A worker in a process of its own, as its parent sees it. */
export class WorkerProcess {
  readonly number: number
  /** Its peer id, once it is ready. */
  worker = ''
  slow = false
  /** Was it killed on purpose? */
  killed = false
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #gone = new AbortController()

  constructor(init: WorkerInit) {
    this.number = init.number
    this.#child = fork(entryUrl(import.meta.url, 'worker'), [JSON.stringify(init)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env }
    })
    // An error of the channel says less than the exit that follows it.
    this.#child.on('error', () => {})
    this.#ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.once('exit', (code, signal) => {
      this.#gone.abort(new DemoError(`worker ${init.number} ended by itself (exit code ${code}, signal ${signal})`))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** @throws {DemoError} the process has ended, and nobody killed it on purpose */
  check(): void {
    if (!this.killed) {
      this.#gone.signal.throwIfAborted()
    }
  }

  async ready(signal: AbortSignal): Promise<void> {
    const word = await this.#word(READY_MS, signal)
    this.worker = word.type === 'ready' ? word.worker : ''
  }

  /** Resolves when the worker has acknowledged. */
  async setSlow(slow: boolean, signal: AbortSignal): Promise<void> {
    if (slow === this.slow) {
      return
    }
    const done = this.#word(ORDER_MS, signal)
    const order: SpeedOrder = { type: 'speed', slow }
    this.#child.send(order)
    await done
    this.slow = slow
  }

  /** SIGKILL: no goodbye to anybody. */
  async kill(): Promise<void> {
    this.killed = true
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** The end of the channel tells the worker to leave; if it does not, it is killed. */
  async stop(): Promise<void> {
    if (this.#child.connected) {
      this.#child.disconnect()
    }
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.#ended
    clearTimeout(late)
  }

  /** What the worker says next. It speaks only when it is ready and when an order was carried out. */
  async #word(withinMs: number, signal: AbortSignal): Promise<WorkerWord> {
    const late = AbortSignal.timeout(withinMs)
    const given = AbortSignal.any([signal, this.#gone.signal, late])
    try {
      const [word] = await once(this.#child, 'message', { signal: given })
      if (isWorkerWord(word)) {
        return word
      }
    } catch (cause) {
      signal.throwIfAborted()
      this.#gone.signal.throwIfAborted()
      throw new DemoError(`worker ${this.number} said nothing within ${withinMs} ms`, { cause })
    }
    throw new DemoError(`worker ${this.number} said something else than it should`)
  }
}
