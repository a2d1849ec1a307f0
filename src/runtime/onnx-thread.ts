/** The entry of a thread of the ONNX executor: loads every model, then answers one run at a time until it is stopped. */
import { parentPort, workerData } from 'node:worker_threads'
import { env } from 'onnxruntime-node'
import { RunFailedError } from './errors.ts'
import { type OnnxSession, openSession } from './onnx-session.ts'
import { type FromThread, pack, type RunMessage, type ThreadData, type ToThread, unpack } from './thread-messages.ts'

// ONNX Runtime 1.30 reads a Float16Array as zero bytes long (microsoft/onnxruntime#32323). Without that class, in this
// thread alone, it keeps half-precision data in a Uint16Array, as we do.
Reflect.deleteProperty(globalThis, 'Float16Array')

// What fails is thrown, and the executor reports it; the same again on stderr would be noise.
env.logLevel = 'fatal'

if (parentPort === null) {
  throw new Error('onnx-thread is the entry of a worker thread: start it by onnxExecutor()')
}
const port = parentPort
const { models, ...options }: ThreadData = workerData
const sessions: OnnxSession[] = []

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
    sessions.push(await openSession(file, options))
  }
  send({ type: 'loaded', models: sessions.map(({ loaded }) => loaded) })
}

async function run({ model, inputs, outputs: wanted }: RunMessage): Promise<void> {
  const session = sessions.find(({ loaded }) => loaded.id === model)
  if (session === undefined) {
    throw new RunFailedError(`model ${model} is not in this thread`)
  }
  const { outputs, runMs } = await session.run(unpack(inputs), wanted)
  const { packed, transfer } = pack(outputs)
  send({ type: 'result', outputs: packed, runMs }, transfer)
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
  await Promise.all(sessions.map(session => session.release()))
  port.close()
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
