import type { PresentPeer } from '../../protocols/presence/index.ts'
import type { Model } from '../../src/models/index.ts'
import type { FoundWorker } from './find-workers.ts'
import { millis } from './quantities.ts'
import { type Column, table } from './table.ts'

/** A worker that was reached, or a peer that only was heard of. */
export type ListedPeer = FoundWorker | PresentPeer

interface Told extends Column {
  cell(peer: ListedPeer, model: Pick<Model, 'id'>, said: PresentPeer | undefined): string
  /** Once for each peer, or for each of its models? */
  once?: true
}

const COLUMNS: Told[] = [
  {
    title: 'reached in',
    align: 'right',
    once: true,
    cell: peer => ('reachedMs' in peer ? millis(peer.reachedMs) : '–')
  },
  { title: 'p50', align: 'right', cell: (peer, model) => timeOf(peer, model.id, 'p50') },
  { title: 'p99', align: 'right', cell: (peer, model) => timeOf(peer, model.id, 'p99') },
  { title: 'cold', align: 'right', cell: (peer, { id }) => partOf(peer, id, 'cold') },
  { title: 'network', align: 'right', cell: (peer, { id }) => partOf(peer, id, 'network') },
  { title: 'says', align: 'right', cell: (_, { id }, said) => taskMsOf(said, id) },
  {
    title: 'free',
    align: 'right',
    once: true,
    cell: (_, __, said) => (said === undefined ? '' : String(said.slotsFree))
  },
  {
    title: 'waiting',
    align: 'right',
    once: true,
    cell: (_, __, said) => (said === undefined ? '' : String(said.queued))
  },
  { title: 'device', once: true, cell: (_, __, said) => [said?.device, said?.provider].filter(Boolean).join(', ') },
  { title: 'peer', once: true, cell: peer => ('address' in peer ? peer.address || peer.id : peer.id) }
]

/** A row for each model of each peer; of the columns that say nothing of anybody, none. */
export function peersTable(workers: readonly FoundWorker[], present: readonly PresentPeer[]): string {
  const reached = new Set(workers.map(({ id }) => id))
  const peers: ListedPeer[] = [...workers, ...present.filter(({ id }) => !reached.has(id))]
  const rows = peers.flatMap(peer => {
    const said = present.find(({ id }) => id === peer.id)
    return peer.models.map((model, i) => [
      `${model.name}@${model.id.slice(0, 12)}`,
      ...COLUMNS.map(({ cell, once }) => (once && i > 0 ? '' : cell(peer, model, said)))
    ])
  })
  const columns = [{ title: 'model' }, ...COLUMNS]
  const used = columns.map((_, i) => rows.some(row => row[i] !== ''))
  return table(
    columns.filter((_, i) => used[i]),
    rows.map(row => row.filter((_, i) => used[i]))
  )
}

function timeOf(peer: ListedPeer, model: string, which: 'p50' | 'p99'): string {
  const times = 'times' in peer ? peer.times[model] : undefined
  return times === undefined ? '' : Number.isFinite(times[which]) ? millis(times[which]) : 'never'
}

function partOf(peer: ListedPeer, model: string, which: 'cold' | 'network'): string {
  const ms = 'times' in peer ? peer.times[model]?.[which] : undefined
  return ms === undefined ? '' : millis(ms)
}

function taskMsOf(said: PresentPeer | undefined, model: string): string {
  const taskMs = said?.models.find(({ id }) => id === model)?.taskMs
  return taskMs === undefined ? '' : millis(taskMs)
}
