import { bootstrap } from '@libp2p/bootstrap'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerInfo, ServiceMap, TypedEventTarget } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'
import type { PresenceInit } from '../protocols/presence/index.ts'
import { InvalidOptionError } from './errors.ts'

/** Peers of another DHT, IPFS's say, are not asked for models. */
const DHT_PROTOCOL = '/splinemesh/kad/1.0.0'
/** Before it is asked for anything the table looks for its neighbours; libp2p waits a second for them to come. */
const QUERY_SELF_MS = 100
/** libp2p drops a peer of the table that answers a ping late: one that is busy with models is no worse for that. */
const PATIENCE = { minTimeout: 10_000 }
/** A relay keeps a place for each peer that can be reached only through it. */
const RELAY_PLACES = 256

export interface DiscoveryInit {
  /** Multiaddrs, each with `/p2p/<peer id>`, of peers to connect to, and to connect to again whenever they come back. */
  bootstrap?: string[]
  /** Find peers on the local network by multicast. @default false */
  mdns?: boolean
  /**
   * Find the workers of a model, and be found, by its content id: through a distributed hash table (Kademlia), which is entered
   * through the bootstrap peers. A `server` keeps a part of it, and so does a `client` once it has a public address.
   *
   * @default none
   */
  dht?: 'client' | 'server'
  /**
   * Hear which peers there are and what they serve, and say it of this one: by gossip, over the peers that it is connected to.
   *
   * @default false
   */
  presence?: boolean
  /**
   * Pass on, unread, what peers say to each other that cannot reach each other directly. Such a peer listens on `/p2p-circuit`
   * and has the relay among its bootstrap peers. @default false
   */
  relay?: boolean
}

interface DiscoveryParts extends Required<PresenceInit> {
  listen: readonly Multiaddr[]
  known: readonly Multiaddr[]
  dial(found: PeerInfo): void
}

type Discovery = Required<Pick<Libp2pOptions, 'transports' | 'peerDiscovery'>> & { services: ServiceFactoryMap }

/**
 * What a libp2p node needs to find peers and be found. Most is imported only when it is asked for: starting a process is mostly
 * loading modules.
 *
 * @param known addresses that this peer is to dial or to listen on
 * @param dial a peer on the local network, whenever it announces itself: libp2p leaves that to us
 * @param self what this peer says of itself, and `heard` what others say, with `presence`
 */
export async function discovery(
  { bootstrap: list = [], mdns: multicast = false, dht, presence = false, relay = false }: DiscoveryInit,
  { listen, known, dial, self, heard }: DiscoveryParts
): Promise<Discovery> {
  const found: Discovery = { transports: [tcp()], peerDiscovery: [], services: {} }
  if (list.length > 0) {
    found.peerDiscovery.push(bootstrap({ list, timeout: 0 }))
  }
  if (multicast) {
    const { mdns } = await import('@libp2p/mdns')
    found.peerDiscovery.push(components => {
      const module = mdns()(components)
      // its interface lacks that it tells of peers
      const told: Partial<TypedEventTarget<{ peer: CustomEvent<PeerInfo> }>> = module
      told.addEventListener?.('peer', ({ detail }) => dial(detail))
      return module
    })
  }
  if (dht !== undefined || presence || relay || [...listen, ...known].some(isRelayed)) {
    const [{ circuitRelayTransport, circuitRelayServer }, { dcutr }] = await Promise.all([
      import('@libp2p/circuit-relay-v2'),
      import('@libp2p/dcutr')
    ])
    found.transports.push(circuitRelayTransport())
    found.services.dcutr = dcutr()
    if (relay) {
      // libp2p would let 128 KiB pass, less than a photo; what a member may send is for the fleet to say
      const reservations = { applyDefaultLimit: false, maxReservations: RELAY_PLACES }
      found.services.relay = circuitRelayServer({ reservations })
    }
  }
  if (dht !== undefined) {
    const [{ kadDHT, passthroughMapper }, { ping }] = await Promise.all([
      import('@libp2p/kad-dht'),
      import('@libp2p/ping')
    ])
    found.services.ping = ping()
    // addresses of a local network are as good as any: libp2p would leave them out
    const made = kadDHT({
      protocol: DHT_PROTOCOL,
      // what is left open is settled by the addresses that others see
      clientMode: dht === 'server' ? false : undefined,
      peerInfoMapper: passthroughMapper,
      initialQuerySelfInterval: QUERY_SELF_MS,
      pingNewContactTimeout: PATIENCE,
      pingOldContactTimeout: PATIENCE
    })
    found.services.dht = components => {
      assertPing(components)
      return made(components)
    }
  }
  if (presence) {
    const [{ gossipsub }, { presence: presenceOf }] = await Promise.all([
      import('@libp2p/gossipsub'),
      import('../protocols/presence/index.ts')
    ])
    const made = presenceOf({ self, heard })
    found.services.pubsub = gossipsub()
    found.services.presence = components => {
      assertGossip(components)
      return made(components)
    }
  }
  return found
}

// The types of libp2p cannot say that one service is always there with another.

function assertGossip<T extends ServiceMap>(components: T): asserts components is T & { pubsub: GossipSub } {
  if (components.pubsub === undefined) {
    throw new InvalidOptionError('presence needs the pubsub service')
  }
}

function assertPing<T extends ServiceMap>(components: T): asserts components is T & { ping: Ping } {
  if (components.ping === undefined) {
    throw new InvalidOptionError('a DHT needs the ping service')
  }
}

function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'p2p-circuit')
}
