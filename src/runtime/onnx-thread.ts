/**
 * The entry of a thread of the ONNX executor: loads every model once, keeps the sessions of the warm ones, then answers one
 * run at a time until it is stopped. Which sessions are kept is decided by the executor.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { env } from 'onnxruntime-node'
import type { ModelId } from '../models/index.ts'
import { RunFailedError } from './errors.ts'
import { checkUnchanged } from './model-file.ts'
import { type OnnxSession, openSession } from './onnx-session.ts'
import {
  type FromThread,
  type LoadedModel,
  pack,
  type RunMessage,
  type ThreadData,
  type ToThread,
  unpack
} from './thread-messages.ts'

// ONNX Runtime 1.30 reads a Float16Array as zero bytes long (microsoft/onnxruntime#32323). Without that class, in this
// thread alone, it keeps half-precision data in a Uint16Array, as we do.
Reflect.deleteProperty(globalThis, 'Float16Array')

// What fails is thrown, and the executor reports it; the same again on stderr would be noise.
env.logLevel = 'fatal'

if (parentPort === null) {
  throw new Error('onnx-thread is the entry of a worker thread: start it by onnxExecutor()')
}
const port = parentPort
const { models, warm, ...options }: ThreadData = workerData
const loaded: LoadedModel[] = []
const sessions = new Map<ModelId, OnnxSession>()

port.on('message', (message: ToThread) => {
  if (message.type === 'stop') {
    stop()
  } else {
    reportFailure(run(message))
  }
})
reportFailure(load())

async function load(): Promise<void> {
  for (const file of models) {
    const twin = loaded.find(({ id }) => id === file.id)
    if (twin !== undefined) {
      loaded.push({ ...twin, name: file.name })
      continue
    }
    const session = await openSession(file, options)
    loaded.push(session.loaded)
    if (warm.includes(file.id)) {
      sessions.set(file.id, session)
    } else {
      await session.release()
    }
  }
  send({ type: 'loaded', models: loaded })
}

async function run({ model, evict, inputs, outputs: wanted }: RunMessage): Promise<void> {
  for (const id of evict) {
    await sessions.get(id)?.release()
    sessions.delete(id)
  }
  const { session, loadMs } = await sessionOf(model)
  const { outputs, runMs } = await session.run(unpack(inputs), wanted, outputs => {
    const { packed } = pack(outputs)
    send({ type: 'early', outputs: packed })
  })
  const { packed, transfer } = pack(outputs)
  send({ type: 'result', outputs: packed, runMs, loadMs }, transfer)
}

/** Loads a cold model as it was loaded at the start: the same file, on the same provider. */
async function sessionOf(id: ModelId): Promise<{ session: OnnxSession; loadMs?: number }> {
  const warmSession = sessions.get(id)
  if (warmSession !== undefined) {
    return { session: warmSession }
  }
  const file = models.find(each => each.id === id)
  const known = loaded.find(each => each.id === id)
  if (file === undefined || known === undefined) {
    throw new RunFailedError(`model ${id} is not in this thread`)
  }
  const began = performance.now()
  // Once before it, for the file was checked as it was; once after it, for ONNX Runtime opens it by itself.
  await checkUnchanged(file)
  const session = await openSession(file, { ...options, providers: [known.provider] })
  await checkUnchanged(file).catch(async error => {
    await session.release()
    throw error
  })
  sessions.set(id, session)
  return { session, loadMs: performance.now() - began }
}

async function reportFailure(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    send({ type: 'failed', name, message })
  }
}

/** Comes when no run is in progress: a session that is released under a run takes the process with it. */
async function stop(): Promise<void> {
  await Promise.all(Array.from(sessions.values(), session => session.release()))
  port.close()
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
