import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { INFER_PROTOCOL } from '../../protocols/infer/index.ts'
import type { Peer } from '../peer.ts'
import type { WorkerInfo } from '../workers.ts'

const LOOK_AGAIN_MS = 20

/** What came of an address where a worker was said to be. */
interface Asked {
  address: string
  id: string
  state: 'dialing' | 'connected' | 'unreachable'
  why: string
}

/** A worker, and how long it took to reach it: connected, authenticated, models confirmed. */
export interface FoundWorker extends WorkerInfo {
  address: string
  reachedMs: number
}

export interface Search {
  workers: FoundWorker[]
  /** Addresses where no worker was found, and why. */
  missing: Array<{ address: string; why: string }>
}

export interface FindInit {
  /** Addresses of workers, which the peer was given as bootstrap addresses. */
  addresses: readonly string[]
  /** Others may be found than those at these addresses, so nobody knows when all were asked. */
  others: boolean
  /** Stop looking now? */
  enough(workers: readonly WorkerInfo[]): boolean
  /** Is it worth to go on without the addresses that do not answer? */
  some(workers: readonly WorkerInfo[]): boolean
  wait: number
  signal: AbortSignal
}

/**
 * Looks for workers: until there are enough, or every known peer was asked, or the time is over. A peer that cannot be
 * dialled may yet come up, so it is waited for as long as no other worker is of use.
 */
export async function findWorkers(peer: Peer, init: FindInit): Promise<Search> {
  const began = performance.now()
  const asked = init.addresses.map(address => ask(peer, address, init.signal))
  const reachedMs = new Map<string, number>()
  for (;;) {
    const workers = peer.workers()
    const elapsed = performance.now() - began
    for (const { id } of workers) {
      reachedMs.set(id, reachedMs.get(id) ?? elapsed)
    }
    if (init.enough(workers) || elapsed >= init.wait || (await allAsked(peer, asked, workers, init))) {
      return {
        workers: workers.map(worker => ({
          ...worker,
          address: addressOf(peer, worker.id),
          reachedMs: reachedMs.get(worker.id) ?? elapsed
        })),
        missing: asked
          // one that only leads to workers need not be one
          .filter(({ id, state }) => !(reachedMs.has(id) || (init.others && state === 'connected')))
          .map(({ address, why }) => ({ address, why }))
      }
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal: init.signal }).catch(() => init.signal.throwIfAborted())
  }
}

function ask(peer: Peer, address: string, signal: AbortSignal): Asked {
  const target = multiaddr(address)
  const id = target.getComponents().findLast(({ name }) => name === 'p2p')?.value ?? ''
  const asked: Asked = { address, id, state: 'dialing', why: 'no answer yet' }
  peer.libp2p.dial(target, { signal }).then(
    () => Object.assign(asked, { state: 'connected', why: 'connected, but it did not say which models it serves' }),
    error => Object.assign(asked, { state: 'unreachable', why: unreachableBecause(error) })
  )
  return asked
}

async function allAsked(
  peer: Peer,
  asked: readonly Asked[],
  workers: readonly WorkerInfo[],
  { others, some }: FindInit
): Promise<boolean> {
  if (others) {
    return false
  }
  const settled = await Promise.all(
    asked.map(async each => {
      if (workers.some(({ id }) => id === each.id)) {
        return true
      }
      if (each.state === 'unreachable') {
        return some(workers)
      }
      return each.state === 'connected' && (await servesNothing(peer, each))
    })
  )
  return settled.every(Boolean)
}

/** Has it told its protocols, and ours is not among them? */
async function servesNothing(peer: Peer, asked: Asked): Promise<boolean> {
  const connection = peer.libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === asked.id)
  if (connection === undefined) {
    asked.why =
      'connected, and it hung up: is it a private fleet, and this peer (--identity) not on its list of members?'
    return false
  }
  // Protocols are stored one by one as they are used; identify writes all of them, and the agent's version after them.
  const { protocols, metadata } = await peer.libp2p.peerStore.get(connection.remotePeer)
  if (!metadata.has('AgentVersion') || protocols.includes(INFER_PROTOCOL)) {
    return false
  }
  asked.why = 'connected, but it serves no models'
  return true
}

function addressOf(peer: Peer, id: string): string {
  const connection = peer.libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === id)
  return connection?.remoteAddr.toString() ?? ''
}

function unreachableBecause(error: unknown): string {
  const reason = reasonOf(error)
  const private_ = error instanceof Error && error.name === 'EncryptionFailedError'
  return private_ ? `${reason} (is it a private fleet, with another --network-key?)` : reason
}

/** The innermost reason of a failed dial: the outer ones only say that it failed. */
export function reasonOf(error: unknown): string {
  let innermost = error
  while (innermost instanceof Error && (innermost.cause !== undefined || innermost instanceof AggregateError)) {
    innermost = innermost instanceof AggregateError ? innermost.errors[0] : innermost.cause
  }
  return innermost instanceof Error ? innermost.message : String(innermost)
}
