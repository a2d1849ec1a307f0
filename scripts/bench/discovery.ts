import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createPeer, environment, type Peer } from '../../nodes/index.ts'
import { entryUrl } from '../../src/runtime/index.ts'

const PROCESSES = 4
/** Workers of each process that serve another model. */
const OTHERS = 5
/** Of those looked for; all of them in less is the aim. */
const TARGET = { seconds: 30 }

export interface DiscoveryOptions {
  workers: number
  seconds: number
  out: string
  json: boolean
}

interface Figures {
  serving: number
  reached: number
  /** From the start of the master, with the workers there. */
  firstSeconds: number
  seconds: number
}

/**
 * A hundred workers of a model among others, and a master that knows one bootstrap peer: how long the master takes to reach
 * them all, whom it finds by the model's content id in the DHT.
 */
export async function discovery({ workers, seconds, out, json }: DiscoveryOptions): Promise<void> {
  const startedAt = new Date()
  const figures = await measure(workers, seconds)
  const settings = { workers, others: PROCESSES * OTHERS, processes: PROCESSES }
  const results = { figures, target: TARGET, settings, environment: await environment(startedAt) }
  const file = path.join(out, 'discovery.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${text(figures)}\nfigures: ${file}`)
}

async function measure(workers: number, seconds: number): Promise<Figures> {
  const each = Math.ceil(workers / PROCESSES)
  const meeting = await createPeer({ dht: 'server' })
  const processes = Array.from({ length: PROCESSES }, () =>
    fork(entryUrl(import.meta.url, 'discovery-workers'), [String(each), String(OTHERS), ...meeting.addresses])
  )
  try {
    const [model] = await Promise.all(processes.map(modelOf))
    const began = performance.now()
    const master = await createPeer({ listen: [], bootstrap: meeting.addresses, dht: 'client' })
    try {
      return await reach(master, { model, count: PROCESSES * each, began, seconds })
    } finally {
      await master.stop()
    }
  } finally {
    await Promise.all([meeting.stop(), ...processes.map(ended)])
  }
}

async function reach(
  master: Peer,
  { model, count, began, seconds }: { model: string; count: number; began: number; seconds: number }
): Promise<Figures> {
  const signal = AbortSignal.timeout(seconds * 1000)
  const elapsed = (): number => (performance.now() - began) / 1000
  const reached = (): number => master.workers().filter(({ models }) => models.some(({ id }) => id === model)).length
  let firstSeconds = Infinity
  try {
    await master.waitForWorkers({ model, signal })
    firstSeconds = elapsed()
    await master.waitForWorkers({ model, count, signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return { serving: count, reached: reached(), firstSeconds, seconds: elapsed() }
}

async function modelOf(child: ChildProcess): Promise<string> {
  const said = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)])
  if (said === undefined) {
    throw new Error('a process of workers ended before it served')
  }
  return said[0]
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.disconnect()
  await exit
}

function text({ serving, reached, firstSeconds, seconds }: Figures): string {
  return [
    `${serving} workers of a model among ${serving + PROCESSES * OTHERS}, in ${PROCESSES} processes, known to one bootstrap peer`,
    `reached ${reached} of ${serving} in ${seconds.toFixed(1)} s, the first in ${firstSeconds.toFixed(1)} s (target: all in ${TARGET.seconds} s)`
  ].join('\n')
}
