import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { raceSignal } from 'race-signal'
import type { Millis } from '../../src/inference/index.ts'
import { entryUrl } from '../../src/runtime/index.ts'
import type { Fault, FaultyMachine, Source } from '../../src/simulation/index.ts'
import { systemClock } from '../clock.ts'
import { RealFleetError } from './errors.ts'
import { isMachineWord, type MachineOrder, type MachineProcessInit } from './messages.ts'

/** How long a machine may take to serve, on a computer where many start at once, and to end, in ms. */
const READY_MS = 180_000
const END_MS = 4000

/** Compiled modules, so that a dozen processes do not each compile the same. */
const COMPILE_CACHE = path.join(tmpdir(), 'splinemesh-compile-cache')

/** A machine that is a process, and can be started again as the same peer. */
export class MachineProcess implements FaultyMachine {
  readonly machines: string
  /** Its whole address, once it has been ready. */
  address = ''
  /** Its peer id, once it has been ready. */
  peer = ''
  /** How long each run took that has ended. */
  readonly runs: Millis[] = []
  readonly #init: MachineProcessInit
  readonly #suffered = new Map<number, { fault: Fault; source: Source }>()
  #child: ChildProcess | undefined
  #ready = Promise.withResolvers<void>()
  #away = 0
  #frozen = 0
  #cut = 0
  #lastId = 0
  #stopped = false
  #leaving: Promise<unknown> = Promise.resolve()
  #port: number

  constructor(machines: string, init: MachineProcessInit) {
    this.machines = machines
    this.#init = init
    this.#port = init.port
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Is there a reason that it is not there? */
  get away(): boolean {
    return this.#away > 0
  }

  /** Starts it, unless there is a reason to be away; resolves when it serves. */
  async start(signal: AbortSignal): Promise<void> {
    this.#forkUnlessAway()
    try {
      await raceSignal(this.#ready.promise, AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]))
    } catch (cause) {
      signal.throwIfAborted()
      throw cause instanceof RealFleetError
        ? cause
        : new RealFleetError(`a machine did not serve within ${READY_MS} ms`, { cause })
    }
  }

  leave(how: 'crash' | 'stop'): void {
    this.#away++
    const child = this.#child
    if (child === undefined) {
      return
    }
    this.#child = undefined
    this.#ready = Promise.withResolvers()
    this.#leaving = once(child, 'exit')
    if (how === 'crash') {
      child.kill('SIGKILL')
    } else if (child.connected) {
      child.disconnect()
    }
  }

  comeBack(): void {
    this.#away--
    // Until the one before it has ended, its port is taken.
    void this.#leaving.then(() => this.#forkUnlessAway())
  }

  reset(): void {
    this.#order({ type: 'reset' })
  }

  freeze(frozen: boolean): void {
    this.#frozen += frozen ? 1 : -1
    this.#child?.kill(this.#frozen > 0 ? 'SIGSTOP' : 'SIGCONT')
  }

  cut(cut: boolean): void {
    this.#cut += cut ? 1 : -1
    this.#order({ type: 'cut', cut: this.#cut > 0 })
  }

  suffer(fault: Fault, source: Source): () => void {
    const id = ++this.#lastId
    this.#suffered.set(id, { fault, source })
    this.#order({ type: 'suffer', id, fault, source })
    return () => {
      this.#suffered.delete(id)
      this.#order({ type: 'recover', id })
    }
  }

  /** Nothing is wrong with it any more. */
  async recover(signal: AbortSignal): Promise<void> {
    for (const id of this.#suffered.keys()) {
      this.#order({ type: 'recover', id })
    }
    this.#suffered.clear()
    this.#frozen = 0
    this.#cut = 0
    this.#away = 0
    this.#child?.kill('SIGCONT')
    this.#order({ type: 'cut', cut: false })
    await this.#leaving
    await this.start(signal)
  }

  /** The end of the channel tells the process to leave; if it does not, it is killed. */
  async stop(): Promise<void> {
    this.#stopped = true
    const child = this.#child
    child?.kill('SIGCONT')
    this.leave('stop')
    const cancel = systemClock.setTimer(systemClock.now() + END_MS, () => child?.kill('SIGKILL'))
    await this.#leaving
    cancel()
  }

  #forkUnlessAway(): void {
    if (this.#away === 0 && this.#child === undefined && !this.#stopped) {
      this.#fork()
    }
  }

  #fork(): void {
    const init: MachineProcessInit = { ...this.#init, port: this.#port }
    const child = fork(entryUrl(import.meta.url, 'machine-main'), [JSON.stringify(init)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env }
    })
    this.#child = child
    // An error of the channel says less than the exit that follows it.
    child.on('error', () => {})
    child.on('message', word => {
      if (!isMachineWord(word)) {
        return
      }
      if (word.type === 'ran') {
        this.runs.push(word.ms)
      } else if (child === this.#child) {
        this.#serves(word.address, word.port)
      }
    })
    child.once('exit', (code, signal) => {
      if (child === this.#child) {
        this.#child = undefined
        this.#ready.reject(new RealFleetError(`a machine ended by itself (exit code ${code}, signal ${signal})`))
      }
    })
    // Who waits is told; nobody has to.
    this.#ready.promise.catch(() => {})
  }

  #serves(address: string, port: number): void {
    this.address = address
    this.peer = address.slice(address.lastIndexOf('/') + 1)
    this.#port = port
    for (const [id, { fault, source }] of this.#suffered) {
      this.#order({ type: 'suffer', id, fault, source })
    }
    if (this.#cut > 0) {
      this.#order({ type: 'cut', cut: true })
    }
    this.#ready.resolve()
  }

  #order(order: MachineOrder): void {
    // What a machine that is gone does not hear, it is told when it serves again.
    if (this.#child?.connected) {
      this.#child.send(order, () => {})
    }
  }
}
