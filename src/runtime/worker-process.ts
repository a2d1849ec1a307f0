import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { bodyBytes, bodyParts, headersOf, tensorsOf } from '../models/index.ts'
import { ExecutorProcessError, RunFailedError } from './errors.ts'
import type { RunRequest, RunResult } from './executor.ts'
import { frameParts, garbage, readFrames } from './process-frames.ts'
import {
  type FromProcess,
  type ReadyMessage,
  type RunMessage,
  readMessage,
  type StartMessage
} from './process-messages.ts'

/** How much of what the process wrote to stderr last is told when it ends. */
const LAST_WORDS_CHARS = 500

/** How long a process that has closed its standard output may take to end. */
const PARTING_MS = 1000

interface Pending {
  result: PromiseWithResolvers<RunResult>
  timer: NodeJS.Timeout
}

/**
 * One life of a program that runs models. Whatever it does that it must not (end by itself, say nothing for too long, write
 * garbage) ends it together with the processes that it started, and fails what it was asked.
 */
export class WorkerProcess {
  /** Resolves, never rejects, with the reason when it has ended and nothing of it is left. */
  readonly closed: Promise<ExecutorProcessError>
  readonly #child: ChildProcess
  readonly #stdin: Writable
  readonly #ready = Promise.withResolvers<ReadyMessage>()
  readonly #pending = new Map<number, Pending>()
  /** Why it ended, or is being ended. */
  #ended: ExecutorProcessError | undefined
  #lastId = 0
  #lastWords = ''

  constructor([program, ...args]: readonly [string, ...string[]], onStderr: (text: string) => void) {
    // In a group of its own: it is ended with its children, and does not get the Ctrl-C of our terminal.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    this.#child = child
    this.#stdin = child.stdin
    // A broken pipe is told by the end of the process.
    child.stdin.on('error', () => {})
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARS)
      onStderr(text)
    })
    child.on('error', cause => {
      this.#end(new ExecutorProcessError('not-started', `cannot run ${program}: ${cause.message}`, { cause }))
    })
    // Its children may still hold the pipes, which would then never close.
    child.on('exit', () => this.#kill())
    const reading = this.#read(child.stdout)
    this.closed = new Promise(resolve => {
      child.on('close', async (code, signal) => {
        await reading
        resolve(this.#end(this.#exit(code === null ? `by ${signal}` : `with exit code ${code}`)))
      })
    })
    this.#ready.promise.catch(() => {})
  }

  /** @throws {ExecutorProcessError} it does not become ready in time */
  async start(message: StartMessage, timeoutMs: number): Promise<ReadyMessage> {
    const timer = this.#expect(timeoutMs, 'was not ready')
    try {
      this.#send(message)
      return await this.#ready.promise
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * @throws {RunFailedError} the model failed on these inputs
   * @throws {ExecutorProcessError} the process failed
   */
  async run({ model, inputs, outputs }: RunRequest, timeoutMs: number): Promise<RunResult> {
    if (this.#ended !== undefined) {
      throw this.#ended
    }
    this.#lastId += 1
    const id = this.#lastId
    const pending = {
      result: Promise.withResolvers<RunResult>(),
      timer: this.#expect(timeoutMs, `gave no result of run ${id}`)
    }
    this.#pending.set(id, pending)
    this.#send({ type: 'run', id, model, inputs: headersOf(inputs), outputs }, bodyParts(Object.values(inputs)))
    return pending.result.promise
  }

  /** Closes its standard input, which tells it to end, and ends it if it does not in time. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stdin.end()
    const timer = setTimeout(() => this.#kill(), timeoutMs)
    await this.closed
    clearTimeout(timer)
  }

  #send(message: StartMessage | RunMessage, body: readonly Uint8Array[] = []): void {
    for (const part of frameParts(message, body)) {
      this.#stdin.write(part)
    }
  }

  async #read(pipe: Readable): Promise<void> {
    try {
      for await (const { message, body } of readFrames(pipe, json => this.#judge(readMessage(json)))) {
        this.#take(message, body)
      }
      setTimeout(() => this.#end(garbage('it closed its standard output, and did not end')), PARTING_MS).unref()
    } catch (error) {
      this.#end(error instanceof ExecutorProcessError ? error : garbage(String(error)))
    }
  }

  #judge(message: FromProcess): { message: FromProcess; bodyBytes: number } {
    if ('id' in message && message.id !== undefined && !this.#pending.has(message.id)) {
      throw garbage(`it answered run ${message.id}, which is not in progress`)
    }
    return { message, bodyBytes: message.type === 'result' ? bodyBytes(message.outputs) : 0 }
  }

  #take(message: FromProcess, body: Uint8Array): void {
    if (message.type === 'ready') {
      this.#ready.resolve(message)
    } else if (message.type === 'result') {
      const { id, runMs, loadMs, outputs } = message
      this.#settle(id)?.resolve({ outputs: tensorsOf(outputs, body), runMs, loadMs })
    } else if (message.id !== undefined) {
      this.#settle(message.id)?.reject(new RunFailedError(`the process failed the run: ${message.message}`))
    } else {
      this.#end(new ExecutorProcessError('refused', `the process cannot run the models: ${message.message}`))
    }
  }

  #settle(id: number): Pending['result'] | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    clearTimeout(pending?.timer)
    return pending?.result
  }

  #expect(timeoutMs: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#end(new ExecutorProcessError('hung', `the process ${what} within ${timeoutMs} ms and was ended`))
    }, timeoutMs)
  }

  /** Fails what is in progress. The first reason is the one that counts. */
  #end(reason: ExecutorProcessError): ExecutorProcessError {
    if (this.#ended === undefined) {
      this.#ended = reason
      this.#kill()
      this.#ready.reject(reason)
      for (const { result, timer } of this.#pending.values()) {
        clearTimeout(timer)
        result.reject(reason)
      }
      this.#pending.clear()
    }
    return this.#ended
  }

  #exit(how: string): ExecutorProcessError {
    const words = this.#lastWords.trim()
    const said = words === '' ? '' : `. Its last words: ${words}`
    return new ExecutorProcessError('exited', `the process that runs the models ended ${how}${said}`)
  }

  #kill(): void {
    const { pid } = this.#child
    try {
      if (pid !== undefined) {
        process.kill(-pid, 'SIGKILL')
      }
    } catch {
      // it has ended, and so have those that it started
    }
  }
}
