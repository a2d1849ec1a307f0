import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import { type Logger, type PeerId, type Startable, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { decodeAdvert, encodeAdvert, type SaidAdvert } from './advert.ts'
import {
  ADVERTS_PER_SECOND,
  MAX_ADDRESSES,
  MAX_AGE_MS,
  MIN_GAP_MS,
  MISSED_TURNS,
  MOST_PEERS,
  PRESENCE_PROTOCOL
} from './constants.ts'
import type { PresenceComponents, PresenceInit, Presence as PresenceInterface, PresentPeer } from './index.ts'

interface Heard {
  peer: PeerId
  advert: SaidAdvert
  /** On the process's clock. */
  heardAt: number
}

export class Presence implements Startable, PresenceInterface {
  readonly #components: PresenceComponents
  readonly #init: PresenceInit
  readonly #log: Logger
  /** By peer id, the one heard of last at the end. */
  readonly #heard = new Map<string, Heard>()
  #timer?: NodeJS.Timeout
  #lastAt = 0

  constructor(components: PresenceComponents, init: PresenceInit) {
    this.#components = components
    this.#init = init
    this.#log = components.logger.forComponent('splinemesh:presence')
  }

  readonly [Symbol.toStringTag] = 'splinemesh/presence'

  readonly [serviceCapabilities]: string[] = ['splinemesh/presence']

  readonly [serviceDependencies]: string[] = ['@libp2p/pubsub']

  isStarted(): boolean {
    return this.#timer !== undefined
  }

  start(): void {
    const { pubsub } = this.#components
    pubsub.topicValidators.set(PRESENCE_PROTOCOL, this.#judge)
  }

  /** gossipsub takes subscriptions once it runs, and this peer knows what it serves once all its services run. */
  afterStart(): void {
    const { pubsub } = this.#components
    pubsub.addEventListener('subscription-change', this.#onSubscriber)
    pubsub.subscribe(PRESENCE_PROTOCOL)
    this.#turn()
  }

  stop(): void {
    const { pubsub } = this.#components
    clearTimeout(this.#timer)
    this.#timer = undefined
    pubsub.removeEventListener('subscription-change', this.#onSubscriber)
    pubsub.topicValidators.delete(PRESENCE_PROTOCOL)
    this.#heard.clear()
  }

  peers(): PresentPeer[] {
    this.#forget()
    return Array.from(this.#heard.values(), present)
  }

  /** The more peers there are, the longer each waits for its next turn. */
  get #turnMs(): number {
    return Math.max(2 * MIN_GAP_MS, ((this.#heard.size + 1) / ADVERTS_PER_SECOND) * 1000)
  }

  readonly #turn = (): void => {
    this.#forget()
    this.#timer = setTimeout(this.#turn, this.#turnMs).unref()
    void this.#say()
  }

  /** Somebody new listens: it would wait for a whole turn to hear of this peer. */
  readonly #onSubscriber = ({
    detail
  }: {
    detail: { subscriptions: Array<{ topic: string; subscribe: boolean }> }
  }): void => {
    const joined = detail.subscriptions.some(({ topic, subscribe }) => topic === PRESENCE_PROTOCOL && subscribe)
    if (joined && this.#timer !== undefined && Date.now() >= this.#lastAt + 2 * MIN_GAP_MS) {
      clearTimeout(this.#timer)
      this.#turn()
    }
  }

  async #say(): Promise<void> {
    const { pubsub, addressManager } = this.#components
    const advert = this.#init.self?.()
    if (advert === undefined) {
      return
    }
    try {
      this.#lastAt = Math.max(this.#lastAt + 1, Date.now())
      const addresses = addressManager.getAddresses().slice(0, MAX_ADDRESSES)
      await pubsub.publish(PRESENCE_PROTOCOL, encodeAdvert({ ...advert, at: this.#lastAt, addresses }))
    } catch (err) {
      // before anybody listens there is nobody to tell
      this.#log('said nothing - %e', err)
    }
  }

  /** Rejected is what nobody honest sends; what is only old, or too much, is not passed on. */
  readonly #judge = (_: PeerId, message: Message): TopicValidatorResult => {
    if (message.type !== 'signed') {
      return TopicValidatorResult.Reject
    }
    let advert: SaidAdvert
    try {
      advert = decodeAdvert(message.data)
    } catch (err) {
      this.#log('refused an advert of %p - %e', message.from, err)
      return TopicValidatorResult.Reject
    }
    return this.#take(message.from, advert) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore
  }

  #take(peer: PeerId, advert: SaidAdvert): boolean {
    const id = peer.toString()
    const before = this.#heard.get(id)
    const heardAt = performance.now()
    const fresh = before === undefined || (advert.at > before.advert.at && heardAt >= before.heardAt + MIN_GAP_MS)
    if (!fresh || Math.abs(Date.now() - advert.at) > MAX_AGE_MS || this.#components.peerId.equals(peer)) {
      return false
    }
    const heard = { peer, advert, heardAt }
    this.#heard.delete(id)
    this.#heard.set(id, heard)
    if (this.#heard.size > MOST_PEERS) {
      const [oldest] = this.#heard.keys()
      this.#heard.delete(oldest)
    }
    this.#init.heard?.(present(heard))
    return true
  }

  #forget(): void {
    const since = performance.now() - MISSED_TURNS * this.#turnMs
    for (const [id, { heardAt }] of this.#heard) {
      if (heardAt >= since) return
      this.#heard.delete(id)
    }
  }
}

function present({ peer, advert: { at: _, ...advert } }: Heard): PresentPeer {
  return { peer, id: peer.toString(), ...advert }
}
