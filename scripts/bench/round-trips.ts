import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createPeer, type Peer } from '../../nodes/index.ts'
import { infer, type RemoteWorker } from '../../protocols/infer/index.ts'
import type { TaskResult } from '../../src/inference/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { BARE_PROTOCOL, readFrames, sendFrame } from './bare-echo.ts'
import { ECHO, FLOATS } from './echo-model.ts'

const ROW = Tensor.float32(
  Float32Array.from({ length: FLOATS }, (_, i) => i / 7),
  [1, FLOATS]
)

/** So long that no request of a measurement fails on a busy machine. */
const DEADLINE_MS = 30_000

/**
 * The ways to the worker: `bare` a stream and nothing else; `infer` a task from `submit` to its result; `master` a query
 * from `peer.infer` to its prediction. Each resolves when the 3 KB are back.
 */
export type Kind = 'bare' | 'infer' | 'master'

export interface RoundTrips {
  kinds: Record<Kind, () => Promise<unknown>>
  close(): Promise<void>
}

/** `bare` and `infer` share one connection; the master is a whole peer with its own. */
export async function connectRoundTrips(address: string): Promise<RoundTrips> {
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { infer: infer() }
  })
  const peer = await createPeer({ listen: [], bootstrap: [address] })
  const close = async (): Promise<void> => {
    await peer.stop()
    await node.stop()
  }
  try {
    const worker = await node.services.infer.connect(multiaddr(address))
    const bare = await node.dialProtocol(worker.peer, BARE_PROTOCOL)
    await peer.waitForWorkers({ model: ECHO, signal: AbortSignal.timeout(DEADLINE_MS) })
    return { kinds: { bare: overStream(bare), infer: overInfer(worker), master: overMaster(peer) }, close }
  } catch (error) {
    await close()
    throw error
  }
}

function overStream(stream: Stream): () => Promise<unknown> {
  let echoed = (_: Uint8Array): void => {}
  readFrames(stream, bytes => echoed(bytes))
  return () =>
    new Promise<Uint8Array>(resolve => {
      echoed = resolve
      sendFrame(stream, ROW.bytes)
    })
}

function overInfer({ channel, models }: RemoteWorker): () => Promise<unknown> {
  const [{ id: model }] = models
  return () =>
    new Promise<TaskResult>((resolve, reject) => {
      const task = { model, inputs: { x: ROW }, outputs: ['y'], deadline: performance.now() + DEADLINE_MS }
      channel.submit(task, { accepted: () => {}, result: resolve, failed: reject })
    })
}

function overMaster(peer: Peer): () => Promise<unknown> {
  return () => peer.infer({ model: ECHO, queries: [ROW], k: 1, n: 1, code: 'uncoded', deadline: DEADLINE_MS })
}
