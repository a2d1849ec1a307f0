import { NoWorkersError } from '../../src/inference/index.ts'
import { createPeer } from '../peer.ts'
import { type FoundWorker, findWorkers } from './find-workers.ts'
import { askerOf } from './fleet.ts'
import { interruptible } from './interruption.ts'
import { missingText, warnMissing } from './missing-workers.ts'
import { checkPeerOptions } from './options.ts'
import type { PeersCommandOptions } from './peers.ts'
import { millis } from './quantities.ts'
import { table } from './table.ts'

/** Looks for workers, and prints those it reached. */
export async function peers(options: PeersCommandOptions): Promise<void> {
  checkPeerOptions(options)
  const { peer: addresses = [], mdns, dht, presence, wait } = options
  const search = await interruptible(async signal => {
    const peer = await createPeer(await askerOf(options))
    try {
      return await findWorkers(peer, {
        addresses,
        others: Boolean(mdns ?? dht ?? presence),
        wait,
        signal,
        enough: () => false,
        some: () => true
      })
    } finally {
      await peer.stop()
    }
  })
  if (options.json) {
    console.log(JSON.stringify(search))
  } else if (search.workers.length > 0) {
    console.log(workersTable(search.workers))
  }
  if (search.workers.length === 0) {
    throw new NoWorkersError(
      `no worker was found: check that workers run and that their addresses are right${missingText(search)}`
    )
  }
  if (!options.json) {
    warnMissing(search)
  }
}

function workersTable(workers: readonly FoundWorker[]): string {
  const rows = workers.flatMap(({ id, address, models, reachedMs }) =>
    models.map(({ name, id: model }, i) => {
      const named = `${name}@${model.slice(0, 12)}`
      return i === 0 ? [named, millis(reachedMs), address || id] : [named, '', '']
    })
  )
  return table([{ title: 'model' }, { title: 'reached in', align: 'right' }, { title: 'worker' }], rows)
}
