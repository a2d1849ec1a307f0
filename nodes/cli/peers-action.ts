import { setTimeout as sleep } from 'node:timers/promises'
import type { PresentPeer } from '../../protocols/presence/index.ts'
import { NoWorkersError } from '../../src/inference/index.ts'
import { createPeer, type Peer } from '../peer.ts'
import { type FindInit, findWorkers, type Search } from './find-workers.ts'
import { askerOf } from './fleet.ts'
import { interruptible } from './interruption.ts'
import { missingText, warnMissing } from './missing-workers.ts'
import { checkPeerOptions } from './options.ts'
import type { PeersCommandOptions } from './peers.ts'
import { peersTable } from './peers-table.ts'

/** Between two looks. */
const WATCH_MS = 1000
const DIAL_MS = 500

interface Seen extends Search {
  present: PresentPeer[]
}

/** Looks for workers, and prints those it reached; with `watch` again and again. */
export async function peers(options: PeersCommandOptions): Promise<void> {
  checkPeerOptions(options)
  const { peer: addresses = [], mdns, dht, presence, wait, watch } = options
  const others = Boolean(mdns ?? dht ?? presence)
  const seen = await interruptible(async signal => {
    const peer = await createPeer(await askerOf(options))
    const done = new AbortController()
    void dialPresent(peer, AbortSignal.any([signal, done.signal]))
    try {
      const init = { addresses, others, wait, signal, enough: () => false, some: () => true }
      return watch ? await keepLooking(peer, init) : await look(peer, init)
    } finally {
      done.abort()
      await peer.stop()
    }
  })
  const { workers, present } = seen
  if (options.json) {
    console.log(JSON.stringify({ ...seen, present: present.map(said) }))
  } else if (workers.length + present.length > 0) {
    console.log(peersTable(workers, present))
  }
  if (workers.length === 0) {
    throw new NoWorkersError(
      `no worker was found: check that workers run and that their addresses are right${missingText(seen)}`
    )
  }
  if (!options.json) {
    warnMissing(seen)
  }
}

/** To be heard of is not to be reached: whoever says that it serves something is asked whether it does. */
async function dialPresent(peer: Peer, signal: AbortSignal): Promise<void> {
  const asked = new Set<string>()
  while (!signal.aborted) {
    for (const { id, addresses } of peer.present().filter(({ id }) => !asked.has(id))) {
      asked.add(id)
      peer.libp2p.dial([...addresses], { signal }).catch(() => asked.delete(id))
    }
    await sleep(DIAL_MS, undefined, { signal }).catch(() => {})
  }
}

async function look(peer: Peer, init: FindInit): Promise<Seen> {
  const found = await findWorkers(peer, init)
  return { ...found, present: peer.present() }
}

/** Until a signal ends it. */
async function keepLooking(peer: Peer, init: FindInit): Promise<Seen> {
  const { default: logUpdate } = await import('log-update')
  const began = performance.now()
  const reachedMs = new Map<string, number>()
  for (;;) {
    const seen = await look(peer, { ...init, wait: 0 })
    const { present } = seen
    const workers = seen.workers.map(worker => {
      reachedMs.set(worker.id, reachedMs.get(worker.id) ?? performance.now() - began)
      return { ...worker, reachedMs: reachedMs.get(worker.id) ?? 0 }
    })
    const text = workers.length + present.length > 0 ? peersTable(workers, present) : 'no worker yet'
    logUpdate(`${text}\n${new Date().toLocaleTimeString()} · Ctrl-C ends it`)
    await sleep(WATCH_MS, undefined, { signal: init.signal }).catch(() => init.signal.throwIfAborted())
  }
}

function said({ peer: _, addresses, ...present }: PresentPeer) {
  return { ...present, addresses: addresses.map(String) }
}
