import { setTimeout as sleep } from 'node:timers/promises'
import { yamux } from '@chainsafe/libp2p-yamux'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, PeerInfo } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import {
  type FetchOptions,
  type ModelExchange,
  type ModelExchangeInit,
  modelExchange
} from '../protocols/model/index.ts'
import type { Presence, PresentPeer } from '../protocols/presence/index.ts'
import type { FleetSnapshot } from '../src/fleet/index.ts'
import type { CachedModel, ModelId } from '../src/models/index.ts'
import { type Executor, type OnnxModel, onnxExecutor } from '../src/runtime/index.ts'
import { type CodedInference, type CodedInferenceInit, codedInference } from './coded-inference.ts'
import { type DiscoveryInit, discovery } from './discovery.ts'
import { type Encrypter, encrypters } from './encrypters.ts'
import { InvalidMembersError, InvalidOptionError, ListenError, PortInUseError } from './errors.ts'
import { privateKeyOf } from './identity.ts'
import { Door, isMember, type PrivateFleet, protectorOf, type Refusal } from './private-fleet.ts'
import { selfAdvert } from './self-advert.ts'

/** Between two attempts to reach a bootstrap peer. */
const REDIAL_MS = 2000

/**
 * libp2p pings every connection and aborts it when the answer takes 5 s: on a machine that is busy with models that is no sign
 * of death, and the stream of a dead worker ends by its own timeouts.
 */
const PING_TIMEOUT_MS = 10_000

/** libp2p leaves the timer of this running when it stops, which would hold every process up by its default of a second. */
const IDENTIFY_PUSH_DEBOUNCE_MS = 50

export interface PeerInit
  extends DiscoveryInit,
    Omit<CodedInferenceInit, 'executor' | 'companions' | 'mayServe' | 'memory'> {
  /** Multiaddrs to listen on, `/p2p-circuit` to be reached through a relay; none to only dial. @default ['/ip4/127.0.0.1/tcp/0'], this machine alone */
  listen?: string[]
  /** Folder that keeps the private key, so that the peer id lasts, and how fast workers answered. @default a fresh key each time */
  identity?: string
  /** Keeps others out. @default whoever reaches this peer may ask, and whoever it reaches may serve */
  privateFleet?: PrivateFleet
  /** Models to serve, run by ONNX Runtime. */
  models?: OnnxModel[]
  /** Execution providers in order of preference. @default ['cpu'] */
  providers?: string[]
  /** Threads that run models, each with a session of every model. @default 1 */
  threads?: number
  /** Runs the models instead of ONNX Runtime; then `models`, `providers` and `threads` are not given. */
  executor?: Executor
  /** Small models that this peer asks by itself as a master, run by ONNX Runtime on a thread of their own. */
  companions?: OnnxModel[]
  /** With 'tls' it proposes and accepts TLS 1.3 before noise, which is accepted always. @default 'noise' */
  encrypter?: Encrypter
  /** Where libp2p and splinemesh count: `prometheusMetrics()` of `@libp2p/prometheus-metrics` say. @default nowhere */
  metrics?: Libp2pOptions['metrics']
  /** Keep models in a cache, fetch them from other peers, and give them what is here. @default none of it */
  exchange?: ModelExchangeInit
  /** Connections of one remote host accepted in a second. @default 50 */
  inboundConnectionThreshold?: number
}

/** One libp2p node with every splinemesh service: it can be asked as master, serve models, or both. */
export interface Peer extends CodedInference {
  readonly id: string
  /** Where it listens, with its peer id. */
  readonly addresses: string[]
  readonly libp2p: Libp2p<PeerServices>
  /**
   * Fetches a model from connected peers, unless it is in the cache. See {@link ModelExchange.fetch} for what it throws.
   *
   * @throws {InvalidOptionError} the peer was started without `exchange`
   */
  fetchModel(id: ModelId, options?: FetchOptions): Promise<CachedModel>
  /** Peers that were heard of lately, by what they say of themselves; none without `presence`. */
  present(): PresentPeer[]
  /** Ends every call and run in progress, and leaves nothing behind. Idempotent. */
  stop(): Promise<void>
}

// A type and not an interface, since libp2p wants an index signature.
export type PeerServices = {
  identify: Identify
  identifyPush: IdentifyPush
  codedInference: CodedInference
  models?: ModelExchange
  presence?: Presence
}

/**
 * Starts a peer.
 *
 * @throws {InvalidOptionError} an address is none, or lacks the peer id; or an executor and models are both given
 * @throws {InvalidMembersError} this peer is not on its own list of members, or is no worker there and serves
 * @throws {PortInUseError | ListenError} a port to listen on is taken, or its address is not of this machine
 * @throws {ModelLoadError | DuplicateModelError | ProviderUnavailableError} the models cannot be served
 */
export async function createPeer(init: PeerInit = {}): Promise<Peer> {
  const { encrypter = 'noise', inboundConnectionThreshold = 50 } = init
  const listen = (init.listen ?? ['/ip4/127.0.0.1/tcp/0']).map(parse)
  const known = (init.bootstrap ?? []).map(parseBootstrap)
  const executor = executorOf(init)
  const companions = init.companions && onnxExecutor({ models: init.companions })
  const { maxQueued, batching, infer, clock, fleet, exchange, identity, privateFleet } = init
  const door = privateFleet && new Door(privateFleet, refusal => refused(refusal))
  const { transports, peerDiscovery, services } = await discovery(init, {
    listen,
    known,
    dial: found => dial(found),
    self: () => selfAdvert(libp2p.services.codedInference.load(), executor),
    heard: present => libp2p.services.codedInference.heard(present)
  })
  const libp2p: Libp2p<PeerServices> = await createLibp2p({
    start: false,
    privateKey: identity === undefined ? undefined : await privateKeyOf(identity),
    connectionGater: door?.gater,
    connectionProtector: privateFleet?.key && (await protectorOf(privateFleet.key)),
    addresses: { listen: listen.map(String) },
    transports,
    connectionEncrypters: await encrypters(encrypter),
    metrics: init.metrics,
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold, maxIncomingPendingConnections: inboundConnectionThreshold },
    connectionMonitor: { pingTimeout: { minTimeout: PING_TIMEOUT_MS } },
    peerDiscovery,
    services: {
      ...services,
      identify: identify(),
      identifyPush: identifyPush({ debounce: IDENTIFY_PUSH_DEBOUNCE_MS }),
      codedInference: codedInference({
        executor,
        companions,
        maxQueued,
        batching,
        infer: { mayAsk: peer => door?.may(peer, 'master') ?? true, ...infer },
        mayServe: peer => door?.may(peer, 'worker') ?? true,
        fleet,
        memory: identity === undefined ? undefined : await recall(identity),
        clock
      }),
      ...(exchange && { models: modelExchange(exchange) })
    }
  })
  const log = libp2p.logger.forComponent('splinemesh:peer')
  const refused = (refusal: Refusal): void => {
    log('refused %s: %s', refusal.who, refusal.why)
    privateFleet?.refused?.(refusal)
  }
  // where a peer is may have changed since it was found first
  const dial = ({ id, multiaddrs }: PeerInfo): void => {
    libp2p.dial(multiaddrs).catch(err => log('could not dial %p - %e', id, err))
  }
  checkMembership(libp2p, init)
  await start(libp2p)
  const stopping = new AbortController()
  const redialing = keepDialing(libp2p, known, stopping.signal)
  const service = libp2p.services.codedInference
  return {
    id: libp2p.peerId.toString(),
    libp2p,
    get addresses() {
      return libp2p.getMultiaddrs().map(String)
    },
    infer: request => service.infer(request),
    inferProgressively: request => service.inferProgressively(request),
    predict: (query, options) => service.predict(query, options),
    async fetchModel(id, options) {
      const { models } = libp2p.services
      if (models === undefined) {
        throw new InvalidOptionError('start the peer with `exchange`, which says where models are kept, to fetch them')
      }
      return models.fetch(id, options)
    },
    workers: () => service.workers(),
    snapshot: () => service.snapshot(),
    load: () => service.load(),
    heard: hint => service.heard(hint),
    present: () => libp2p.services.presence?.peers() ?? [],
    waitForWorkers: options => service.waitForWorkers(options),
    async stop() {
      stopping.abort()
      await redialing
      if (identity !== undefined && libp2p.status === 'started') {
        await remember(identity, service.snapshot()).catch(err => log('could not remember the workers - %e', err))
      }
      await libp2p.stop()
    }
  }
}

// What few peers need is imported when it is needed: starting a process is mostly loading modules.

async function recall(folder: string): Promise<FleetSnapshot> {
  const { readMemory } = await import('./fleet-memory.ts')
  return readMemory(folder)
}

async function remember(folder: string, snapshot: FleetSnapshot): Promise<void> {
  const { writeMemory } = await import('./fleet-memory.ts')
  await writeMemory(folder, snapshot)
}

/** A peer that the others keep out would only see that nobody answers. */
function checkMembership({ peerId }: Libp2p, { privateFleet, executor, models, identity }: PeerInit): void {
  const { members } = privateFleet ?? {}
  const id = peerId.toString()
  if (members !== undefined && !isMember(members, id)) {
    const hint = identity === undefined ? 'give it an identity that lasts, and add that' : 'add it'
    throw new InvalidMembersError(`this peer, ${id}, is not on the list of members: ${hint}`)
  }
  if (members !== undefined && (executor ?? models) !== undefined && !isMember(members, id, 'worker')) {
    throw new InvalidMembersError(`this peer, ${id}, serves models, and the list of members does not make it a worker`)
  }
}

async function start(libp2p: Libp2p): Promise<void> {
  try {
    await libp2p.start()
  } catch (err) {
    await libp2p.stop()
    throw listenError(err) ?? err
  }
}

/** Dials the bootstrap peers that are not connected, again and again: they may start after this one, or come back. */
async function keepDialing(libp2p: Libp2p, known: readonly Multiaddr[], signal: AbortSignal): Promise<void> {
  const log = libp2p.logger.forComponent('splinemesh:peer')
  while (known.length > 0 && !signal.aborted) {
    await sleep(REDIAL_MS, undefined, { signal }).catch(() => {})
    const connected = libp2p.getConnections().map(({ remotePeer }) => remotePeer.toString())
    const missing = known.filter(address => !connected.includes(peerIdOf(address) ?? ''))
    await Promise.all(
      missing.map(address => libp2p.dial(address, { signal }).catch(err => log('could not dial %a - %e', address, err)))
    )
  }
}

function executorOf({ executor, models, providers, threads }: PeerInit): Executor | undefined {
  if (executor !== undefined && models !== undefined) {
    throw new InvalidOptionError('give either an executor or models for ONNX Runtime, not both')
  }
  return models === undefined || models.length === 0 ? executor : onnxExecutor({ models, providers, threads })
}

function parse(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (cause) {
    throw new InvalidOptionError(`'${address}' is not a multiaddr such as /ip4/192.0.2.7/tcp/4001: ${String(cause)}`, {
      cause
    })
  }
}

function parseBootstrap(address: string): Multiaddr {
  const parsed = parse(address)
  if (peerIdOf(parsed) === undefined) {
    throw new InvalidOptionError(`'${address}' must end in /p2p/<peer id>: copy the whole address that the peer prints`)
  }
  return parsed
}

function peerIdOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}

/** libp2p gathers why each address failed in one message, stack traces included: the first line with a cause is enough. */
function listenError(err: unknown): Error | undefined {
  if (!(err instanceof Error) || err.name !== 'UnsupportedListenAddressesError') {
    return undefined
  }
  const [reason] = err.message.match(/listen E[A-Z]+[^\n]*/) ?? [err.message.split('\n')[0]]
  return reason.includes('EADDRINUSE')
    ? new PortInUseError(`${reason}: stop the other process, or listen on another port (0 picks a free one)`, {
        cause: err
      })
    : new ListenError(`${reason}: give an address of this machine, such as /ip4/0.0.0.0/tcp/0 for all of them`, {
        cause: err
      })
}
