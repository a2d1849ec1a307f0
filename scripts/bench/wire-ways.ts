import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createPeer, type Encrypter, encrypters, type Peer } from '../../nodes/index.ts'
import { infer, type RemoteWorker } from '../../protocols/infer/index.ts'
import type { TaskResult } from '../../src/inference/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { BARE_COUNT, BARE_ECHO, frameOf, frameReader, readStream } from './framed.ts'
import { PRE_SHARED } from './pre-shared.ts'
import { COUNT, ECHO } from './wire-models.ts'

/** So long that no request of a measurement fails on a busy machine. */
const DEADLINE_MS = 30_000

/** One way of sending bytes to the other process. Both resolve with its answer. */
export interface Way {
  name: string
  /** What it is judged beside: the bare stream of the same connection. */
  beside?: string
  /** Sends the bytes and gets them back. */
  echo(row: Tensor): Promise<unknown>
  /** Sends the bytes and gets a word back. Absent where only the round trip is of interest. */
  count?(row: Tensor): Promise<unknown>
}

export interface Ways {
  /** Those that are measured in turns: what one leaves to the collector of garbage falls on its rival, and on no other. */
  sets: Way[][]
  close(): Promise<void>
}

export interface WireServer {
  address: string
  ports: Record<`${'tcp' | 'tls'} ${'echo' | 'count'}`, number>
}

/**
 * Every way to the other process. Over each encrypter the bare stream and infer share a connection; the master is a whole peer
 * with its own.
 */
export async function connectWays({ address, ports }: WireServer): Promise<Ways> {
  const closes: Array<() => unknown> = []
  const close = async (): Promise<void> => {
    for (const each of closes) {
      await each()
    }
  }
  const socket = (made: Socket): Exchange => {
    closes.push(() => made.destroy())
    return overSocket(made.setNoDelay())
  }
  const plain = (port: number): Exchange => socket(connect(port, '127.0.0.1'))
  const secure = async (port: number): Promise<Exchange> => {
    const made = connectTls({
      ...PRE_SHARED,
      port,
      host: '127.0.0.1',
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: PRE_SHARED.pskCallback(), identity: 'bench' })
    })
    await once(made, 'secureConnect')
    return socket(made)
  }
  try {
    const sets: Way[][] = [
      [
        { name: 'TCP', ...bare(plain(ports['tcp echo']), plain(ports['tcp count'])) },
        { name: 'TLS', ...bare(await secure(ports['tls echo']), await secure(ports['tls count'])) }
      ]
    ]
    for (const encrypter of ['noise', 'tls'] as const) {
      const { node, worker } = await connectInfer(address, encrypter)
      closes.push(() => node.stop())
      const streams = [
        await node.dialProtocol(worker.peer, BARE_ECHO),
        await node.dialProtocol(worker.peer, BARE_COUNT)
      ]
      const name = `${encrypter}: bare stream`
      sets.push([
        { name, ...bare(overStream(streams[0]), overStream(streams[1])) },
        { name: `${encrypter}: infer`, beside: name, ...inferOver(worker) }
      ])
    }
    const peer = await createPeer({ listen: [], bootstrap: [address] })
    closes.push(() => peer.stop())
    await peer.waitForWorkers({ model: ECHO, signal: AbortSignal.timeout(DEADLINE_MS) })
    sets.push([{ name: 'peer.infer: K = N = 1', beside: 'noise: bare stream', echo: overMaster(peer) }])
    return { sets, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Sends a frame and resolves with the one that answers it. */
type Exchange = (bytes: Uint8Array) => Promise<Uint8Array>

function bare(echo: Exchange, count: Exchange): Pick<Way, 'echo' | 'count'> {
  return { echo: ({ bytes }) => echo(bytes), count: ({ bytes }) => count(bytes) }
}

function overSocket(socket: Socket): Exchange {
  const waiting: Array<(bytes: Uint8Array) => void> = []
  socket.on(
    'data',
    frameReader(bytes => waiting.shift()?.(bytes))
  )
  return bytes =>
    new Promise(resolve => {
      waiting.push(resolve)
      socket.write(frameOf(bytes))
    })
}

export function overStream(stream: Stream): Exchange {
  const waiting: Array<(bytes: Uint8Array) => void> = []
  readStream(stream, bytes => waiting.shift()?.(bytes))
  return bytes =>
    new Promise(resolve => {
      waiting.push(resolve)
      stream.send(frameOf(bytes))
    })
}

async function connectInfer(address: string, encrypter: Encrypter) {
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: await encrypters(encrypter),
    streamMuxers: [yamux()],
    services: { infer: infer() }
  })
  return { node, worker: await node.services.infer.connect(multiaddr(address)) }
}

export function inferOver({ channel, models }: RemoteWorker): Required<Pick<Way, 'echo' | 'count'>> {
  const run = (name: string, output: string): ((x: Tensor) => Promise<TaskResult>) => {
    const model = models.find(each => each.name === name)?.id ?? ''
    return x =>
      new Promise((result, failed) => {
        const task = { model, inputs: { x }, outputs: [output], deadline: performance.now() + DEADLINE_MS }
        channel.submit(task, { accepted: () => {}, result, failed })
      })
  }
  return { echo: run(ECHO, 'y'), count: run(COUNT, 'n') }
}

function overMaster(peer: Peer): Way['echo'] {
  return x => peer.infer({ model: ECHO, queries: [x], k: 1, n: 1, code: 'uncoded', deadline: DEADLINE_MS })
}
