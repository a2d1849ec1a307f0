import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { environment } from '../../nodes/index.ts'
import { entryUrl } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { SMALL_YOUNG_GENERATION } from './small-young-generation.ts'
import { type Series, wireFigures, wireTables } from './wire-figures.ts'
import { connectWays, type Way, type WireServer } from './wire-ways.ts'

/**
 * What is sent there and back, and how many requests of one way come between two of another: so few that a moment in which the
 * machine is slow falls on all ways alike. Small ones take no time, and get several rounds for each.
 */
const SIZES = [
  { size: '3 KB', floats: 768, block: 10, share: 4 },
  { size: '64 KB', floats: 16_384, block: 10, share: 3 },
  { size: '600 KB', floats: 153_600, block: 5, share: 2 },
  { size: '4 MB', floats: 1_048_576, block: 2, share: 0.5 }
]

/**
 * Requests of each way before any is timed: until the compiler has settled. Infer has more code than the bare streams, which it
 * goes on compiling for some thousand small requests; the big ones take other branches of libp2p.
 */
const WARM_UP = { small: 3000, rounds: 4 }

/** What is sent one way: so many requests a measurement, a few of them in flight at any time. */
const STREAMED = { size: '600 KB', floats: 153_600, requests: 64, inFlight: 8, share: 0.2 }

interface Measured {
  trips: Series[]
  throughput: Series[]
}

export interface WireOptions {
  rounds: number
  smallYoungGeneration: 'both' | 'master' | 'worker' | 'neither'
  out: string
  json: boolean
}

/**
 * What a task costs beside its bytes: requests to one worker in another process, whose model is an echo in a thread, in blocks
 * that alternate with the same bytes over bare streams of the same connections, through the same thread; and over plain sockets.
 */
export async function wire({ rounds, smallYoungGeneration, out, json }: WireOptions): Promise<void> {
  const startedAt = new Date()
  const { trips, throughput } = await measure(rounds, ['both', 'worker'].includes(smallYoungGeneration))
  const figures = wireFigures(trips, throughput)
  const settings = { rounds, smallYoungGeneration, warmUp: WARM_UP, sizes: SIZES, streamed: STREAMED }
  const results = { figures, settings, environment: await environment(startedAt) }
  const file = path.join(out, 'wire.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${wireTables(figures)}\nfigures: ${file}`)
}

async function measure(rounds: number, smallAtWorker: boolean): Promise<Measured> {
  const server = fork(entryUrl(import.meta.url, 'wire-server'), {
    execArgv: smallAtWorker ? SMALL_YOUNG_GENERATION : []
  })
  const exited = once(server, 'exit')
  try {
    const started = await Promise.race([once(server, 'message'), exited.then(() => undefined)])
    if (started === undefined) {
      throw new Error('the process that is asked ended before it served')
    }
    const { sets, close } = await connectWays(started[0] as WireServer)
    try {
      const measured: Measured[] = []
      for (const ways of sets) {
        await warmUp(ways)
        measured.push(await alternate(ways, rounds))
      }
      return {
        trips: sorted(measured.flatMap(({ trips }) => trips)),
        throughput: measured.flatMap(each => each.throughput)
      }
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

async function warmUp(ways: readonly Way[]): Promise<void> {
  const [{ size, floats, block }] = SIZES
  const small = rowOf(floats)
  await takingTurns(ways, size, WARM_UP.small / block, ({ echo }) => timesOf(block, () => echo(small)))
  await alternate(ways, WARM_UP.rounds)
}

/** By size, the ways in the order in which they were measured. */
function sorted(series: readonly Series[]): Series[] {
  return SIZES.flatMap(({ size }) => series.filter(each => each.size === size))
}

async function alternate(ways: readonly Way[], rounds: number): Promise<Measured> {
  const trips: Series[] = []
  for (const { size, floats, block, share } of SIZES) {
    const row = rowOf(floats)
    trips.push(...(await takingTurns(ways, size, rounds * share, ({ echo }) => timesOf(block, () => echo(row)))))
  }
  const { size, floats, share } = STREAMED
  const row = rowOf(floats)
  const streaming = ways.filter(({ count }) => count !== undefined)
  const throughput = await takingTurns(streaming, size, rounds * share, async ({ count }) => [
    await throughputOf(row.bytes.length, () => count?.(row))
  ])
  return { trips, throughput }
}

async function takingTurns(
  ways: readonly Way[],
  size: string,
  rounds: number,
  measureBlock: (way: Way) => Promise<number[]>
): Promise<Series[]> {
  const series = ways.map(({ name, beside }): Series => ({ size, way: name, beside, blocks: [] }))
  const order = [...ways.keys()]
  for (let round = 0; round < rounds; round++) {
    // there and back again: none comes always after the same other
    for (const i of round % 2 === 0 ? order : order.toReversed()) {
      series[i].blocks.push(await measureBlock(ways[i]))
    }
  }
  return series
}

async function timesOf(requests: number, roundTrip: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < requests; i++) {
    const began = performance.now()
    await roundTrip()
    times.push(performance.now() - began)
  }
  return times
}

/** In MB/s. */
async function throughputOf(bytes: number, request: () => Promise<unknown> | undefined): Promise<number> {
  const { requests, inFlight } = STREAMED
  let left = requests
  const oneAfterTheOther = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await request()
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, oneAfterTheOther))
  return (requests * bytes) / 1000 / (performance.now() - began)
}

function rowOf(floats: number): Tensor {
  return Tensor.float32(
    Float32Array.from({ length: floats }, (_, i) => i / 7),
    [1, floats]
  )
}
