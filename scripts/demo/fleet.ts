import { availableParallelism } from 'node:os'
import { DemoError } from './errors.ts'
import { WorkerProcess } from './worker-process.ts'

export interface DemoFleetInit {
  seed: number
  /** The whole address of the master. */
  bootstrap: string
  signal: AbortSignal
}

/** The worker processes of a run. Each has a seat; a newcomer takes the seat of the dead. */
export class DemoFleet {
  readonly #init: DemoFleetInit
  readonly #started: WorkerProcess[] = []
  #seats: Array<WorkerProcess | undefined> = []
  #stopped = false

  constructor(init: DemoFleetInit) {
    this.#init = init
  }

  /** By seat, the dead included; undefined while the first of a seat starts. */
  get seats(): ReadonlyArray<WorkerProcess | undefined> {
    return this.#seats
  }

  /** By seat. */
  get live(): WorkerProcess[] {
    return this.#seats.flatMap(worker => (worker === undefined || worker.killed ? [] : worker))
  }

  /** Every process that was ever started. */
  get pids(): number[] {
    return this.#started.flatMap(({ pid }) => pid ?? [])
  }

  /** Fills `count` seats, and says when it begins and when another is filled. Only as many processes as there are cores start at a time: more would slow each other down. */
  async start(count: number, filled: () => void): Promise<void> {
    this.#seats = Array.from({ length: count }, () => undefined)
    filled()
    const empty = Array.from({ length: count }, (_, seat) => seat)
    const fill = async (): Promise<void> => {
      for (let seat = empty.shift(); seat !== undefined; seat = empty.shift()) {
        this.#seats[seat] = await this.#fork()
        filled()
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, fill))
  }

  /** Makes these workers slow and all others fast; resolves when each that had to change has acknowledged. */
  async setSlow(slow: readonly WorkerProcess[]): Promise<void> {
    await Promise.all(
      this.live.map(worker => {
        worker.check()
        return worker.setSlow(slow.includes(worker), this.#init.signal)
      })
    )
  }

  /** Starts a new worker in the seat of each dead one. */
  async fillSeats(): Promise<void> {
    this.#seats = await Promise.all(this.#seats.map(worker => (worker?.killed ? this.#fork() : worker)))
  }

  /** Leaves no process behind. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#started.map(worker => worker.stop()))
  }

  async #fork(): Promise<WorkerProcess> {
    const { seed, bootstrap, signal } = this.#init
    signal.throwIfAborted()
    if (this.#stopped) {
      throw new DemoError('the fleet was stopped while it started')
    }
    const worker = new WorkerProcess({ number: this.#started.length, seed, bootstrap })
    this.#started.push(worker)
    await worker.ready(signal)
    return worker
  }
}
