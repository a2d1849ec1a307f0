import type { Connection, IdentifyResult } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { raceSignal } from 'race-signal'
import { INFER_PROTOCOL } from '../../protocols/infer/index.ts'
import { createPeer, type Peer } from '../peer.ts'
import { reasonOf } from './find-workers.ts'
import type { Finding } from './finding.ts'
import { fleetOf } from './fleet.ts'
import type { FleetOptions } from './fleet-options.ts'
import { bytes, millis, shortPeer } from './quantities.ts'

const PATIENCE_MS = 10_000
/** What libp2p speaks to ask a relay for a place. */
const RELAY_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'

export interface CheckPeersOptions extends FleetOptions {
  peer: string[]
}

/** Can these peers be reached, by which way, and what are they? */
export async function checkPeers({ peer: addresses, ...fleet }: CheckPeersOptions): Promise<Finding[]> {
  const peer = await createPeer({ listen: [], bootstrap: addresses, ...(await fleetOf(fleet)) })
  try {
    return await Promise.all(addresses.map(address => checkPeer(peer, address)))
  } finally {
    await peer.stop()
  }
}

async function checkPeer(peer: Peer, address: string): Promise<Finding> {
  const target = multiaddr(address)
  const id = target.getComponents().findLast(({ name }) => name === 'p2p')?.value ?? ''
  const about = shortPeer(id)
  if (id === peer.id) {
    return {
      about,
      status: 'problem',
      finding: `${address} has the peer id of this machine's own key`,
      todo: 'one of them has a copied key: delete its --identity folder, and start it again'
    }
  }
  const began = performance.now()
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const identified = identifiedAs(peer, id, signal)
    const connection = await peer.libp2p.dial(target, { signal })
    const ms = performance.now() - began
    const { agentVersion = 'something unnamed', protocols } = await identified
    const does = [
      ...(protocols.includes(INFER_PROTOCOL) ? ['serves models'] : []),
      ...(protocols.includes(RELAY_PROTOCOL) ? ['is a relay'] : [])
    ]
    const finding = `reached in ${millis(ms)}${wayOf(connection)}, ${agentVersion}${does.map(each => `, ${each}`).join('')}`
    return connection.limits === undefined
      ? { about, status: 'ok', finding }
      : {
          about,
          status: 'problem',
          finding: `${finding}; the relay lets ${limitsOf(connection)} pass, too little for tensors`,
          todo: 'let it be reached directly, or through a relay of your own: serve --relay'
        }
  } catch (error) {
    return {
      about,
      status: 'problem',
      finding: `${address} cannot be reached: ${reasonOf(error)}`,
      todo: 'see that it runs, that the address is one of this network, that a firewall lets it pass, and that both have one --network-key and are on the list of members'
    }
  }
}

/** What a peer says of itself once it is connected. */
function identifiedAs({ libp2p }: Peer, id: string, signal: AbortSignal): Promise<IdentifyResult> {
  const said = new Promise<IdentifyResult>(resolve => {
    libp2p.addEventListener('peer:identify', ({ detail }) => String(detail.peerId) === id && resolve(detail), {
      signal
    })
  })
  const identified = raceSignal(said, signal)
  // a dial that fails says why itself
  identified.catch(() => {})
  return identified
}

function wayOf({ remoteAddr }: Connection): string {
  return remoteAddr.getComponents().some(({ name }) => name === 'p2p-circuit') ? ' through a relay' : ''
}

function limitsOf({ limits }: Connection): string {
  const parts = [
    ...(limits?.bytes === undefined ? [] : [bytes(Number(limits.bytes))]),
    ...(limits?.seconds === undefined ? [] : [`${limits.seconds} s`])
  ]
  return parts.join(' in ')
}
