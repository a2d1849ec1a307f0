import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { environment } from '../../nodes/index.ts'
import { codesFigures, codesTable, type Measured, type Turns } from './codes-figures.ts'
import { asking, construction, decoding, encoding, planning, type Size, type Work } from './codes-work.ts'

/** A group of 8 photos of 224×224, a large one of 20, and one of 20 small ones of 32×32. */
const PHOTOS: Size = { k: 8, n: 20, length: 3 * 224 * 224 }
const LARGE: Size = { k: 20, n: 100, length: 3 * 224 * 224 }
const SMALL: Size = { k: 20, n: 100, length: 3 * 32 * 32 }

/** How many of the 100 answer. */
const SURVIVORS = 80

/** Rounds before the first that counts, until the compiler has settled; and for each of the big ones, so many of the small. */
const WARM_UP = 20
const SMALL_ROUNDS = 5

export interface CodesOptions {
  rounds: number
  out: string
  json: boolean
}

/**
 * What coding costs the master: encoding beside the same product in ONNX Runtime on one thread, taking turns; decoding with
 * survivors that are new; making codes and decoders; and how long asking a group holds up everything else at a time.
 */
export async function codes({ rounds, out, json }: CodesOptions): Promise<void> {
  const startedAt = new Date()
  const figures = codesFigures(await measure(rounds))
  const results = { figures, settings: { rounds }, environment: await environment(startedAt) }
  const file = path.join(out, 'codes.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${codesTable(figures)}\nfigures: ${file}`)
}

async function measure(rounds: number): Promise<Measured> {
  const many = SMALL_ROUNDS * rounds
  const { k, n } = SMALL
  const photos = await takeTurns(await encoding(PHOTOS), rounds)
  const small = await takeTurns(await encoding(SMALL), many)
  const turns = { photos: timeTurns(PHOTOS, rounds), large: timeTurns(LARGE, rounds), small: timeTurns(SMALL, rounds) }
  const decodings = await takeTurns(decoding(k, n, SURVIVORS), many)
  const [plannings] = await takeTurns([planning(k, n)], many)
  const constructions = await takeTurns(construction(k, n), many)
  return {
    photos: { ours: photos[0], onnx: photos[1] },
    small: { ours: small[0], onnx: small[1] },
    turns,
    decoding: { spline: decodings[0], covariance: decodings[1] },
    planning: plannings,
    construction: { code: constructions[0], covariance: constructions[1] }
  }
}

/** The times of each kind of work in ms, one a round. */
async function takeTurns(works: readonly Work[], rounds: number): Promise<number[][]> {
  const times: number[][] = works.map(() => [])
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [kind, prepare] of works.entries()) {
      const run = prepare()
      const began = performance.now()
      await run()
      const time = performance.now() - began
      if (round >= 0) times[kind].push(time)
    }
  }
  return times
}

/** How long each turn of asking such a group takes, beside what the machine itself takes away from as long an idle turn. */
function timeTurns(size: Size, rounds: number): Turns {
  const ask = asking(size)
  const times: Turns = { ours: [], idle: [] }
  for (let round = -WARM_UP; round < rounds; round++) {
    const turns = ask()
    for (let done: boolean | undefined = false; !done; ) {
      const began = performance.now()
      done = turns.next().done
      const time = performance.now() - began
      if (round < 0 || done) continue
      times.ours.push(time)
      times.idle.push(longestPause(time))
    }
  }
  return times
}

/** The longest that nothing of ours ran, in so many ms of doing nothing but to look at the clock. */
function longestPause(ms: number): number {
  let longest = 0
  let last = performance.now()
  for (const end = last + ms; last < end; ) {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  return longest
}
