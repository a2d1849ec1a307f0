/**
 * @packageDocumentation
 *
 * The libp2p protocol by which a master has its tasks run by a worker: `/splinemesh/infer/1.0.0`. One long-lived stream per
 * master and worker, opened by the master; binary headers and raw tensor bytes; credit keeps a fast master from filling a
 * slow worker. Every byte is described in `docs/protocols/infer.md`.
 *
 * A libp2p engineer would expect `pipe` here. It is not used, because the duplex adapter of libp2p v3 (like `for await`
 * over a stream) does not hold back a fast sender: a slow reader gathers everything in memory. Instead the reader takes
 * each chunk as it comes, and the bytes in flight are bounded by the worker's credit.
 *
 * @example
 *
 * ```typescript
 * import { noise } from '@chainsafe/libp2p-noise'
 * import { yamux } from '@chainsafe/libp2p-yamux'
 * import { tcp } from '@libp2p/tcp'
 * import { multiaddr } from '@multiformats/multiaddr'
 * import { createLibp2p } from 'libp2p'
 * import { infer } from './protocols/infer/index.ts'
 * import { Tensor } from './src/tensor/index.ts'
 *
 * const node = await createLibp2p({
 *   transports: [tcp()],
 *   connectionEncrypters: [noise()],
 *   streamMuxers: [yamux()],
 *   services: { infer: infer() }
 * })
 *
 * const worker = await node.services.infer.connect(multiaddr('/ip4/127.0.0.1/tcp/4001'))
 * const [model] = worker.models
 *
 * worker.channel.submit(
 *   {
 *     model: model.id,
 *     inputs: { x: Tensor.float32([1, 2, 3, 4], [1, 4]) },
 *     outputs: ['double'],
 *     deadline: performance.now() + 500
 *   },
 *   {
 *     accepted: () => {},
 *     result: ({ outputs, timings }) => console.info(outputs.double.data, timings),
 *     failed: error => console.error(error)
 *   }
 * )
 * ```
 */
import type { AbortOptions, ComponentLogger, DialTarget, Metrics, PeerId } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Millis, Observation, WorkerChannel, WorkerId } from '../../src/inference/index.ts'
import type { Model } from '../../src/models/index.ts'
import type { Admission } from '../../src/runtime/index.ts'
import type { Packing } from '../../src/tensor/index.ts'
import { Infer as InferClass } from './infer.ts'

/** How much a worker lets one master have in flight: sent, and without its terminal frame yet. */
export interface Credit {
  requests: number
  /** Bytes of tensors. */
  bytes: number
}

/** How long each stage may take, in ms. */
export interface Timeouts {
  /** To connect and to open the stream. */
  dial: Millis
  /** From the open stream to the other side's HELLO. */
  hello: Millis
  /** Without the other side taking a single piece of what is sent. */
  send: Millis
  /** From a request being sent whole to its first answer (accepted, failed or result); then the stream is given up. */
  firstByte: Millis
  /** At a worker, from the header of a request to the end of its body; a second more for every 64 KB. */
  receive: Millis
}

export interface InferInit {
  /**
   * Serve the models of this admission: it judges requests by their headers and runs those it takes. Its clock must be
   * `now`. Without it this peer is a master only, and does not announce the protocol.
   */
  admission?: Admission
  /** Which masters are served; the stream of another is reset before anything is said. @default all */
  mayAsk?(master: PeerId): boolean
  /** What each master is granted. @default 64 requests, 128 MiB */
  credit?: Credit
  /** The largest body taken, of a request or of a result. @default 64 MiB */
  maxBodyBytes?: number
  /**
   * Send float32 inputs to workers in a shorter form, half or a quarter of the bytes, and take results as float16; to workers
   * that take it. A tensor that does not fit the form (not finite, too large for float16) goes as it is. What it costs in
   * accuracy: `npm run bench -- packing`. @default as they are
   */
  packing?: Packing
  /** @default 10 s to dial, 5 s for hello, 10 s to send, 10 s for the first byte, 10 s to receive */
  timeouts?: Partial<Timeouts>
  /** The clock of deadlines. @default performance.now */
  now?(): Millis
  /** Learns how a task ended that its owner had cancelled, or given up at its deadline. */
  observe?(observation: Observation): void
}

export interface InferComponents {
  registrar: Registrar
  connectionManager: ConnectionManager
  logger: ComponentLogger
  metrics?: Metrics
}

/** A worker with an open stream. */
export interface RemoteWorker {
  /** The peer id as a string. */
  readonly id: WorkerId
  readonly peer: PeerId
  /** What it said it serves when the stream was opened. */
  readonly models: readonly Model[]
  readonly channel: WorkerChannel
  /** Resolves, never rejects, with the reason when the stream has ended. Nothing is in flight then. */
  readonly closed: Promise<Error>
  /** Ends the stream; what is in flight fails with {@link StreamClosedError}. Idempotent. */
  close(): Promise<void>
}

export interface Infer {
  /**
   * The worker at `target`; its open stream is reused if there is one.
   *
   * @throws {DialError} no connection, or the peer does not serve this protocol
   * @throws {HelloTimeoutError} the peer took the stream and said nothing
   * @throws {HelloError} the peer hung up instead of HELLO
   * @throws {WireError} the peer sent something else than HELLO
   */
  connect(target: DialTarget, options?: AbortOptions): Promise<RemoteWorker>
}

export function infer(init: InferInit = {}): (components: InferComponents) => Infer {
  return components => new InferClass(components, init)
}

export { INFER_PROTOCOL } from './constants.ts'
export {
  CancelledByWorkerError,
  DialError,
  FirstByteTimeoutError,
  HelloError,
  HelloTimeoutError,
  InvalidResultError,
  ReceiveTimeoutError,
  RejectedByWorkerError,
  type RejectReason,
  RemoteRunError,
  ResultTimeoutError,
  SendError,
  SendTimeoutError,
  StreamClosedError,
  WireError
} from './errors.ts'
