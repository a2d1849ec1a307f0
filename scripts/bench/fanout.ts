import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import Table from 'cli-table3'
import { createLibp2p } from 'libp2p'
import { median } from 'simple-statistics'
import { type Encrypter, encrypters, environment } from '../../nodes/index.ts'
import { infer } from '../../protocols/infer/index.ts'
import { entryUrl } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { BARE_COUNT } from './framed.ts'
import { delaysDuring, longestCollectionDuring, longestTurnDuring, SendSections } from './loop-watch.ts'
import { SMALL_YOUNG_GENERATION } from './small-young-generation.ts'
import { inferOver, overStream, type Way } from './wire-ways.ts'

const PROCESSES = 4
const FLOATS = 153_600
/** The workers of a master run on other machines: here they must not take its processor from it. */
const WORKER_PRIORITY = 10

/** How long the idle loop is watched before each measurement. */
const IDLE_MS = 200

/**
 * What a hundred workers cost the master, medians over the rounds: how long sending holds its event loop at most, in ms of its
 * own, so that other processes do not count; and the delays of the loop by the clock, idle subtracted, whatever they come from.
 */
const TARGET = { sectionMs: 8, p99Ms: 20, ratio: 1.2 }

export interface FanoutOptions {
  workers: number
  rounds: number
  encrypter: Encrypter
  out: string
  json: boolean
}

interface Round {
  totalMs: number
  p99Ms: number
  sectionMs: number
  /** Of the event loop: what libp2p does with all that has come, and the collection of garbage, are in it. */
  turnMs: number
  collectionMs: number
}

/** One master sends every worker 600 KB at once, by infer and in turns with it by a plain loop of bare sends. */
export async function fanout({ workers, rounds, encrypter, out, json }: FanoutOptions): Promise<void> {
  const startedAt = new Date()
  const figures = await measure(workers, rounds, encrypter)
  const settings = { workers, rounds, encrypter, bytes: 4 * FLOATS, processes: PROCESSES }
  const results = { figures, target: TARGET, settings, environment: await environment(startedAt) }
  const file = path.join(out, 'fanout.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${table(figures, workers, encrypter)}\nfigures: ${file}`)
}

async function measure(
  workers: number,
  rounds: number,
  encrypter: Encrypter
): Promise<Record<'bare' | 'infer', Round>> {
  const each = Math.ceil(workers / PROCESSES)
  const processes = Array.from({ length: PROCESSES }, () =>
    fork(entryUrl(import.meta.url, 'fanout-workers'), [String(each)], { execArgv: SMALL_YOUNG_GENERATION })
  )
  for (const { pid } of processes) {
    setPriority(pid ?? 0, WORKER_PRIORITY)
  }
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: await encrypters(encrypter),
    streamMuxers: [yamux()],
    connectionMonitor: { pingTimeout: { minTimeout: 30_000 } },
    services: { infer: infer() }
  })
  try {
    const addresses = (await Promise.all(processes.map(addressesOf))).flat().slice(0, workers)
    const ways: Record<'bare' | 'infer', Array<NonNullable<Way['count']>>> = { bare: [], infer: [] }
    const sections = new SendSections()
    for (const address of addresses) {
      const worker = await node.services.infer.connect(multiaddr(address))
      const exchange = overStream(await node.dialProtocol(worker.peer, BARE_COUNT))
      ways.bare.push(({ bytes }) => exchange(bytes))
      ways.infer.push(inferOver(worker).count)
    }
    for (const stream of node.getConnections().flatMap(({ streams }) => streams)) {
      sections.watch(stream)
    }
    const taken: Record<'bare' | 'infer', Round[]> = { bare: [], infer: [] }
    // the first rounds warm up
    for (let round = -2; round < rounds; round++) {
      for (const way of ['bare', 'infer'] as const) {
        const measured = await once600KB(ways[way], sections)
        if (round >= 0) {
          taken[way].push(measured)
        }
      }
    }
    return { bare: medians(taken.bare), infer: medians(taken.infer) }
  } finally {
    await node.stop()
    await Promise.all(processes.map(ended))
  }
}

/** Sends it to all several times, since to watch is work too. Everything is answered, or it throws. */
async function once600KB(workers: ReadonlyArray<NonNullable<Way['count']>>, sections: SendSections): Promise<Round> {
  const row = Tensor.float32(new Float32Array(FLOATS).fill(1 / 7), [1, FLOATS])
  const sendAll = (): Promise<unknown> => {
    sections.begin()
    return Promise.all(workers.map(count => count(row)))
  }
  const idle = await delaysDuring(() => sleep(IDLE_MS))
  let totalMs = 0
  const busy = await delaysDuring(async () => {
    const began = performance.now()
    await sendAll()
    totalMs = performance.now() - began
  })
  sections.longest = 0
  const collectionMs = await longestCollectionDuring(sendAll)
  const sectionMs = sections.longest
  return { totalMs, p99Ms: busy.p99 - idle.p50, sectionMs, turnMs: await longestTurnDuring(sendAll), collectionMs }
}

function medians(rounds: readonly Round[]): Round {
  return {
    totalMs: median(rounds.map(({ totalMs }) => totalMs)),
    p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
    sectionMs: median(rounds.map(({ sectionMs }) => sectionMs)),
    turnMs: median(rounds.map(({ turnMs }) => turnMs)),
    collectionMs: median(rounds.map(({ collectionMs }) => collectionMs))
  }
}

async function addressesOf(child: ChildProcess): Promise<string[]> {
  const said = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)])
  if (said === undefined) {
    throw new Error('a process of workers ended before it served')
  }
  return said[0]
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.connected) {
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
  }
}

function table(figures: Record<'bare' | 'infer', Round>, workers: number, encrypter: Encrypter): string {
  const grid = new Table({
    head: [
      `600 KB to ${workers} workers`,
      'all answered\nms',
      'loop delay p99\nms',
      'longest section\nof sending, own ms',
      'longest turn\nown ms',
      'longest collection\nof garbage, ms'
    ],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true }
  })
  for (const way of ['bare', 'infer'] as const) {
    const { totalMs, p99Ms, sectionMs, turnMs, collectionMs } = figures[way]
    grid.push([
      way === 'bare' ? 'bare streams, plain loop' : 'infer',
      ...[totalMs, p99Ms, sectionMs, turnMs, collectionMs].map(ms => ms.toFixed(1))
    ])
  }
  const { totalMs, p99Ms, sectionMs } = figures.infer
  const ratio = totalMs / figures.bare.totalMs
  const holds = sectionMs <= TARGET.sectionMs && p99Ms <= TARGET.p99Ms && ratio <= TARGET.ratio
  const asked = `a section at most ${TARGET.sectionMs} ms, p99 ${TARGET.p99Ms} ms, all answered within ${TARGET.ratio}× bare`
  return `${grid}\nover ${encrypter}; infer takes ${ratio.toFixed(2)}× the time of bare\ntarget (${asked}): ${holds ? 'met' : 'missed'}`
}
