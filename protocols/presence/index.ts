/**
 * @packageDocumentation
 *
 * The libp2p protocol by which peers say what they serve: `/splinemesh/presence/1.0.0`, a topic of gossipsub. Each peer says now
 * and then who it is, where, which models it serves and how busy it is; a peer that wants a model hears of those that serve
 * it without being connected to them. gossipsub signs what is said; nobody checks whether it is true, so it is a hint. Every
 * byte is described in `docs/protocols/presence.md`.
 *
 * @example
 *
 * ```typescript
 * import { noise } from '@chainsafe/libp2p-noise'
 * import { yamux } from '@chainsafe/libp2p-yamux'
 * import { gossipsub } from '@libp2p/gossipsub'
 * import { identify } from '@libp2p/identify'
 * import { tcp } from '@libp2p/tcp'
 * import { createLibp2p } from 'libp2p'
 * import { presence } from './protocols/presence/index.ts'
 *
 * const node = await createLibp2p({
 *   transports: [tcp()],
 *   connectionEncrypters: [noise()],
 *   streamMuxers: [yamux()],
 *   services: { identify: identify(), pubsub: gossipsub(), presence: presence() }
 * })
 *
 * for (const { id, models } of node.services.presence.peers()) {
 *   console.info(id, models)
 * }
 * ```
 */
import type { GossipSub } from '@libp2p/gossipsub'
import type { ComponentLogger, PeerId } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import type { Advert, SaidAdvert } from './advert.ts'
import { Presence as PresenceClass } from './presence.ts'

/** A peer by the last that it said of itself. */
export interface PresentPeer extends Omit<SaidAdvert, 'at'> {
  peer: PeerId
  /** Peer id. */
  id: string
}

export interface PresenceInit {
  /** What this peer says of itself; undefined where there is nothing to say. @default it only listens */
  self?(): Advert | undefined
  /** A peer said something that was taken. */
  heard?(present: PresentPeer): void
}

export interface PresenceComponents {
  peerId: PeerId
  addressManager: AddressManager
  logger: ComponentLogger
  pubsub: GossipSub
}

export interface Presence {
  /** The peers that were heard of lately, this one not among them. */
  peers(): PresentPeer[]
}

export function presence(init: PresenceInit = {}): (components: PresenceComponents) => Presence {
  return components => new PresenceClass(components, init)
}

export type { Advert, AdvertisedModel } from './advert.ts'
export { PRESENCE_PROTOCOL } from './constants.ts'
export { AdvertError } from './errors.ts'
