import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2p } from 'libp2p'
import { concat } from 'uint8arrays/concat'
import { encodeFrame, type FrameHead, FrameReader, type FrameType } from '../../../protocols/infer/frames.ts'
import { INFER_PROTOCOL, type Infer, type InferInit, infer, type RemoteWorker } from '../../../protocols/infer/index.ts'
import { encodeHello } from '../../../protocols/infer/messages.ts'
import type { Task, TaskResult, WorkerChannel } from '../../../src/inference/index.ts'
import type { Model, ModelSignature, NamedTensors } from '../../../src/models/index.ts'
import { type Admission, admission, functionExecutor } from '../../../src/runtime/index.ts'
import { type Packing, Tensor } from '../../../src/tensor/index.ts'

export const signature: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, null] }],
  outputs: [
    { name: 'y', dtype: 'float32', shape: [null, null] },
    { name: 'size', dtype: 'int32', shape: [1] }
  ]
}

interface AdmissionChoice {
  /** The model. Default: it gives its input back. */
  run?(x: Tensor): Tensor | Promise<Tensor>
  slots?: number
  maxQueued?: number
  now?(): number
}

/** Real libp2p nodes over loopback TCP, all stopped at the end of the `await using` block. */
export class Peers implements AsyncDisposable {
  readonly #stops: Array<() => unknown> = []

  async master(init: InferInit = {}): Promise<Libp2p<{ infer: Infer }>> {
    return this.#node(init)
  }

  /** A worker whose only model, `echo`, answers `y = run(x)` and the number of elements of x. */
  async worker(init: InferInit & AdmissionChoice = {}): Promise<Libp2p<{ infer: Infer }>> {
    return this.#node({ ...init, admission: await this.admission(init) })
  }

  async admission({ run = x => x, slots = 1, maxQueued, now }: AdmissionChoice = {}): Promise<Admission> {
    const call = async ({ x }: NamedTensors): Promise<NamedTensors> => ({
      y: await run(x),
      size: new Tensor('int32', [1], Int32Array.of(x.size))
    })
    const executor = functionExecutor({ models: [{ name: 'echo', signature, run: call }], slots })
    await executor.start()
    return admission({ executor, maxQueued, now })
  }

  /** A node that takes infer streams, and then does with them what the test says. */
  async impostor(handle: (stream: Stream) => void, protocols = [INFER_PROTOCOL]): Promise<Libp2p> {
    const node = await this.#create({})
    await node.handle(protocols, stream => handle(stream))
    return node
  }

  /** A node that opens a stream to `worker` by hand. */
  async intruder(worker: Libp2p, protocols = [INFER_PROTOCOL]): Promise<Stream> {
    const node = await this.#create({})
    return node.dialProtocol(worker.getMultiaddrs(), protocols)
  }

  /** A node that opens so many streams to `worker` at once; those that are refused are no error. */
  async flood(worker: Libp2p, streams: number): Promise<void> {
    const node = await this.#create({})
    const connection = await node.dial(worker.getMultiaddrs())
    await Promise.allSettled(Array.from({ length: streams }, () => connection.newStream(INFER_PROTOCOL)))
  }

  /** One after the other: two libp2p nodes that stop at once wait half a second for each other. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) {
      await stop()
    }
  }

  async #node(init: InferInit): Promise<Libp2p<{ infer: Infer }>> {
    return this.#create({ infer: infer(init) })
  }

  async #create<Services extends Record<string, unknown>>(
    services: {
      [Name in keyof Services]: (components: Parameters<ReturnType<typeof infer>>[0]) => Services[Name]
    }
  ): Promise<Libp2p<Services>> {
    const node = await createLibp2p<Services>({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      // libp2p takes 5 new connections a second from one host by default, and all peers of a test are one host
      connectionManager: { allow: ['/ip4/127.0.0.1/ipcidr/8'] },
      services
    })
    this.#stops.push(() => node.stop())
    return node
  }
}

/** The stream of a master to a worker. */
export function connect(master: Libp2p<{ infer: Infer }>, worker: Libp2p): Promise<RemoteWorker> {
  return master.services.infer.connect(worker.getMultiaddrs())
}

/** A task for the worker's first model, with its inputs `x` and a deadline 20 s from now unless the test says another. */
export function taskFor(worker: RemoteWorker, x: Tensor, changes: Partial<Task> = {}): Task {
  const [model] = worker.models
  return { model: model.id, inputs: { x }, outputs: ['y'], deadline: performance.now() + 20_000, ...changes }
}

/** A row of `count` floats that are all different. */
export function row(count: number, first = 0): Tensor<'float32'> {
  return Tensor.float32(
    Float32Array.from({ length: count }, (_, i) => first + i / 7),
    [1, count]
  )
}

export interface Submitted {
  /** The callbacks in the order in which they were called. */
  calls: string[]
  accepted: Promise<void>
  /** Rejects with the error of `failed`. */
  result: Promise<TaskResult>
  cancel(): void
}

export function submit(channel: WorkerChannel, task: Task): Submitted {
  const calls: string[] = []
  const accepted = Promise.withResolvers<void>()
  const result = Promise.withResolvers<TaskResult>()
  // a test may look at the calls only
  result.promise.catch(() => {})
  const { cancel } = channel.submit(task, {
    accepted: () => {
      calls.push('accepted')
      accepted.resolve()
    },
    result: outcome => {
      calls.push('result')
      result.resolve(outcome)
    },
    failed: error => {
      calls.push(`failed ${error.name}`)
      result.reject(error)
    }
  })
  return { calls, accepted: accepted.promise, result: result.promise, cancel }
}

/** A run that the test holds: `run` waits until `open` is called. */
export function gate(): { run(x: Tensor): Promise<Tensor>; open(): void; started: Promise<void>; runs(): number } {
  const opened = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  let runs = 0
  return {
    run: async x => {
      runs += 1
      started.resolve()
      await opened.promise
      return x
    },
    open: opened.resolve,
    started: started.promise,
    runs: () => runs
  }
}

/** Calls `onFrame` with each frame that comes over a stream that the test speaks by hand. */
export function readFrames(stream: Stream, onFrame: (head: FrameHead, body: Uint8Array) => void): void {
  const reader = new FrameReader({
    maxBodyBytes: () => 2 ** 32,
    begin: () => true,
    end: (head, body = new Uint8Array(0)) => onFrame(head, body)
  })
  stream.addEventListener('message', ({ data }) => reader.push(data))
}

/** A whole frame. */
export function frame(
  type: FrameType,
  id: number,
  header: Uint8Array = new Uint8Array(0),
  body: Uint8Array = new Uint8Array(0)
): Uint8Array {
  return concat([encodeFrame(type, id, header, body.length), body])
}

export function hello(
  models: readonly Model[] = [],
  credit = { requests: 64, bytes: 2 ** 20 },
  maxBodyBytes = 2 ** 20,
  packings: readonly Packing[] = []
): Uint8Array {
  const { header, body } = encodeHello({ ...credit, maxBodyBytes, packings, models })
  return frame('hello', 0, header, body)
}

/** Resolves when the stream has ended, with its error if it was aborted or reset. */
export function closed(stream: Stream): Promise<Error | undefined> {
  return new Promise(resolve => {
    if (stream.status !== 'open' && stream.status !== 'closing') {
      resolve(undefined)
    }
    stream.addEventListener('close', ({ error }) => resolve(error), { once: true })
  })
}
