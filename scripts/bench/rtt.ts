import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { entryUrl } from '../../src/runtime/index.ts'
import { environment } from '../environment.ts'
import { FLOATS } from './echo-model.ts'
import { connectRoundTrips, type RoundTrips } from './round-trips.ts'
import { rttFigures, rttTable, type Samples } from './rtt-figures.ts'

/** Requests of one kind between two of another: so few that a moment in which the machine is slow falls on all kinds alike. */
const BLOCK = 10

/** Blocks of each kind before the first that counts: until the compiler has settled. */
const WARM_UP_BLOCKS = 40

export interface RttOptions {
  requests: number
  out: string
  json: boolean
}

/**
 * What a task costs beside its bytes: sequential requests of 3 KB to one worker whose model is an echo in a thread, in blocks
 * that alternate with the same bytes over a bare stream of the same connection and through the same thread.
 */
export async function rtt({ requests, out, json }: RttOptions): Promise<void> {
  const startedAt = new Date()
  const samples = await measure(Math.ceil(requests / BLOCK))
  const figures = rttFigures(samples)
  const settings = { block: BLOCK, bytes: 4 * FLOATS }
  const results = { figures, settings, environment: await environment(startedAt) }
  const file = path.join(out, 'rtt.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${rttTable(figures)}\nfigures: ${file}`)
}

async function measure(blocks: number): Promise<Samples> {
  const server = fork(entryUrl(import.meta.url, 'rtt-server'))
  const exited = once(server, 'exit')
  try {
    const started = await Promise.race([once(server, 'message'), exited.then(() => undefined)])
    if (started === undefined) {
      throw new Error('the process that is asked ended before it served')
    }
    const { kinds, close } = await connectRoundTrips(String(started[0]))
    try {
      await alternate(kinds, WARM_UP_BLOCKS)
      return await alternate(kinds, blocks)
    } finally {
      await close()
    }
  } finally {
    if (server.connected) {
      server.disconnect()
    }
    await exited
  }
}

async function alternate({ bare, infer, master }: RoundTrips['kinds'], blocks: number): Promise<Samples> {
  const samples: Samples = { bare: [], infer: [], master: [] }
  for (let i = 0; i < blocks; i++) {
    samples.bare.push(await timesOf(bare))
    samples.infer.push(await timesOf(infer))
    samples.master.push(await timesOf(master))
  }
  return samples
}

async function timesOf(roundTrip: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < BLOCK; i++) {
    const began = performance.now()
    await roundTrip()
    times.push(performance.now() - began)
  }
  return times
}
