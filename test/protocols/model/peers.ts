import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { type Identify, identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2p } from 'libp2p'
import {
  MODEL_PROTOCOL,
  type ModelExchange,
  type ModelExchangeInit,
  modelExchange
} from '../../../protocols/model/index.ts'
import {
  CHUNK_BYTES,
  contentId,
  type HashChain,
  hashChainOf,
  type ModelCache,
  type ModelId,
  modelCache
} from '../../../src/models/index.ts'
import { ModelProtoSchema } from '../../../src/models/onnx/index.ts'

export interface TestModel {
  id: ModelId
  bytes: Uint8Array
  chain: HashChain
}

/** A sound ONNX file that is so many chunks long, the last of them short, and like no other. */
export async function model(chunks: number): Promise<TestModel> {
  const length = Math.floor((chunks - 0.5) * CHUNK_BYTES)
  const rawData = randomBytes(length - (length % 4))
  const initializer = [{ name: 'w', dims: [BigInt(rawData.length / 4)], dataType: 1, rawData }]
  const bytes = toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, graph: { initializer } }))
  return { bytes, ...(await chained(bytes)) }
}

export async function chained(bytes: Uint8Array): Promise<{ id: ModelId; chain: HashChain }> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes
  }
  const { id, chain } = await hashChainOf(pieces())
  if (chain === undefined || id !== contentId(bytes)) {
    throw new Error('the chain of a model must lead to its id')
  }
  return { id, chain }
}

export type ModelNode = Libp2p<{ identify: Identify; models: ModelExchange }> & { cache: ModelCache; folder: string }

type Choice = Partial<ModelExchangeInit> & { has?: readonly TestModel[]; folder?: string; maxBytes?: number }

/** Real libp2p nodes over loopback TCP with caches in folders of their own, all gone at the end of the `await using` block. */
export class Peers implements AsyncDisposable {
  readonly #stops: Array<() => unknown> = []

  async peer({ has = [], folder = this.folder(), maxBytes, ...init }: Choice = {}): Promise<ModelNode> {
    const cache = modelCache({ folder, maxBytes, now: Date.now })
    for (const { id, bytes } of has) {
      const file = path.join(this.folder(), 'model.onnx')
      writeFileSync(file, bytes)
      await cache.add(file, id.slice(0, 8))
    }
    const node = this.#stopping(await createNode({ cache, ...init }))
    return Object.assign(node, { cache, folder })
  }

  /** A node that takes model streams, and then does with them what the test says. */
  async impostor(handle: (stream: Stream) => void): Promise<Libp2p> {
    const node = this.#stopping(await createLibp2p({ ...LOOPBACK, services: { identify: identify() } }))
    await node.handle(MODEL_PROTOCOL, stream => handle(stream), { maxInboundStreams: 100 })
    return node
  }

  /** A node without services that opens streams by hand. */
  async intruder(): Promise<Libp2p> {
    return this.#stopping(await createLibp2p({ ...LOOPBACK, services: { identify: identify() } }))
  }

  folder(): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-models-'))
    this.#stops.push(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  }

  /** One after the other: two libp2p nodes that stop at once wait half a second for each other. Folders last. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.toReversed()) {
      await stop()
    }
  }

  #stopping<T extends Libp2p>(node: T): T {
    this.#stops.push(() => node.stop())
    return node
  }
}

const LOOPBACK = {
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  // libp2p takes 5 new connections a second from one host by default, and all peers of a test are one host
  connectionManager: { allow: ['/ip4/127.0.0.1/ipcidr/8'] }
}

export function createNode(init: ModelExchangeInit): Promise<Libp2p<{ identify: Identify; models: ModelExchange }>> {
  return createLibp2p({ ...LOOPBACK, services: { identify: identify(), models: modelExchange(init) } })
}

export async function connect(from: Libp2p, ...to: readonly Libp2p[]): Promise<void> {
  for (const peer of to) {
    await from.dial(peer.getMultiaddrs())
  }
}
