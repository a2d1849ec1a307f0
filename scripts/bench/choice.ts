import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Table from 'cli-table3'
import { environment } from '../../nodes/index.ts'
import { random } from '../../src/chance/index.ts'
import { Fleet } from '../../src/fleet/index.ts'

const MODEL = 'model'
/** Workers of a group. */
const GROUP = 12
/** How many workers are known, and within how many ms a choice of {@link GROUP} of them is asked to be made. */
const FLEETS = [
  { workers: 100, asked: undefined },
  { workers: 1000, asked: 0.1 },
  { workers: 10_000, asked: 0.2 }
]
const RESULTS_OF_EACH = 20
const MEMORY_ASKED = 4096

export interface ChoiceOptions {
  groups: number
  out: string
  json: boolean
}

interface Figure {
  workers: number
  /** Time of this process on a core in ms, for each group: choosing its workers, and taking in their answers. */
  choosing: number
  learning: number
  /** Bytes for each worker. */
  memory: number
}

/** What choosing the workers of a group costs the master among many, and what it keeps of each. */
export async function choice({ groups, out, json }: ChoiceOptions): Promise<void> {
  const startedAt = new Date()
  // Once for nothing: what compiling leaves in memory is not kept of workers.
  measure(FLEETS[0].workers, groups)
  const figures = FLEETS.map(({ workers }) => measure(workers, groups))
  const results = { figures, settings: { groups, group: GROUP }, environment: await environment(startedAt) }
  const file = path.join(out, 'choice.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${table(figures)}\nfigures: ${file}`)
}

function measure(workers: number, groups: number): Figure {
  const chance = random(workers)
  // Some ms for most, and now and then much longer: as wide as sketches get.
  const answerMs = (): number => 5 + 10 * chance() * (chance() < 0.1 ? 50 : 1)
  const before = heapUsed()
  const fleet = new Fleet()
  let now = 0
  const answer = (worker: string): void => {
    const ms = answerMs()
    if (chance() < 0.1) {
      fleet.gaveUp(worker, MODEL, ms / 2, { now })
      fleet.dropped(worker, MODEL, now)
    } else {
      fleet.answered(worker, MODEL, { queue: 0, run: ms, network: 0 }, { now })
    }
  }
  for (let i = 0; i < workers; i++) {
    const worker = `worker-${i}`
    fleet.add(worker, [MODEL])
    for (let result = 0; result < RESULTS_OF_EACH; result++) {
      fleet.began(worker, MODEL, now)
      now += 1
      answer(worker)
    }
  }
  const memory = (heapUsed() - before) / workers
  const spent = { choosing: 0, learning: 0 }
  for (let group = 0; group < groups; group++) {
    const began = process.cpuUsage()
    const chosen = fleet.choose(MODEL, { count: GROUP }, now)
    for (const worker of chosen) fleet.began(worker, MODEL, now)
    const chose = process.cpuUsage(began)
    now += 20
    const sent = process.cpuUsage()
    chosen.forEach(answer)
    const learned = process.cpuUsage(sent)
    spent.choosing += (chose.user + chose.system) / 1000
    spent.learning += (learned.user + learned.system) / 1000
  }
  return { workers, choosing: spent.choosing / groups, learning: spent.learning / groups, memory }
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

function table(figures: readonly Figure[]): string {
  const head = ['workers known', `choosing ${GROUP}, ms`, 'asked', 'their answers, ms', 'kept of each', 'asked']
  const grid = new Table({ head, colAligns: head.map(() => 'right'), style: { head: [], border: [], compact: true } })
  figures.forEach(({ workers, choosing, learning, memory }, i) => {
    const { asked } = FLEETS[i]
    const within = asked === undefined ? '' : `≤ ${asked}: ${choosing <= asked ? 'yes' : 'no'}`
    const kept = `≤ ${MEMORY_ASKED} B: ${memory <= MEMORY_ASKED ? 'yes' : 'no'}`
    grid.push([workers, choosing.toFixed(4), within, learning.toFixed(4), `${Math.round(memory)} B`, kept])
  })
  return grid.toString()
}
