/**
 * The demo: a master in this process and workers in processes of their own, on loopback, answer the same groups of test
 * digits under six plans, while workers stall, one is killed and one joins. See docs/demo.md.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import path from 'node:path'
import { createPeer, environment } from '../../nodes/index.ts'
import { parseDescriptionProfile, parseStudentProfile } from '../../src/profiles/index.ts'
import { type Digits, readDigits } from './digits.ts'
import { directAccuracy, lateGroups, openQueries, planFigures } from './figures.ts'
import { DemoFleet } from './fleet.ts'
import type { DemoOptions } from './options.ts'
import { picture } from './picture.ts'
import { type DemoPlan, type GroupRecord, reach, runPlan } from './run-plan.ts'
import {
  DEADLINE_MS,
  K,
  MOSAIC_PROFILE_PATH,
  SERVICE_MS,
  SLOW_MS,
  STUDENT_PATH,
  STUDENT_PROFILE_PATH
} from './settings.ts'
import { percent, table } from './table.ts'
import { createView } from './view.ts'

/** The plans that are compared, and the groups of each. */
type Runs = Array<{ plan: DemoPlan; records: GroupRecord[] }>

const interrupted = new AbortController()

/** Runs every plan, prints the table and writes figures and pictures; the exit code says whether all went as promised. */
export async function demo(options: DemoOptions): Promise<void> {
  const startedAt = new Date()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Every time: npm sends Ctrl-C once more after the terminal has. Stopping takes a few seconds at most.
    process.on(signal, () => {
      process.exitCode = 128 + constants.signals[signal]
      interrupted.abort(new Error(`interrupted by ${signal}`))
    })
  }
  try {
    const digits = await chooseDigits(options.groups)
    const { runs, processes } = await run(await plans(options), digits, options)
    await report(runs, digits, { options, processes, startedAt })
  } catch (error) {
    if (!interrupted.signal.aborted) {
      process.exitCode = 1
    }
    console.error(error instanceof Error ? `demo: ${error.name}: ${error.message}` : error)
  }
}

async function plans({ workers: n, slow }: DemoOptions): Promise<DemoPlan[]> {
  const student = parseStudentProfile(await readFile(STUDENT_PROFILE_PATH, 'utf8'))
  const description = parseDescriptionProfile(await readFile(MOSAIC_PROFILE_PATH, 'utf8'))
  const half = Math.max(K + 1, Math.floor(n / 2))
  return [
    { name: 'uncoded', code: 'uncoded', n: K, stragglers: 0 },
    { name: 'replication', code: 'replication', n, stragglers: slow },
    { name: 'BACC', code: 'bacc', n, stragglers: slow },
    { name: 'NeRCC', code: 'nercc', n, stragglers: slow },
    { name: 'student', code: 'replication', n: half, stragglers: slow, student },
    { name: 'mosaic', code: 'replication', n: half, stragglers: slow, description }
  ]
}

async function chooseDigits(count: number): Promise<Digits> {
  const { model, groups } = await readDigits()
  return { model, groups: groups.slice(0, count) }
}

async function run(
  all: DemoPlan[],
  digits: Digits,
  { seed, workers, slow }: DemoOptions
): Promise<{ runs: Runs; processes: number[] }> {
  const { signal } = interrupted
  const view = createView(process.stderr)
  const peer = await createPeer({ companions: [{ name: 'student', path: STUDENT_PATH }] })
  const fleet = new DemoFleet({ seed, bootstrap: peer.addresses[0], signal })
  const runs: Runs = []
  try {
    await fleet.start(workers, () => view.fleet(fleet.seats))
    await reach(peer, digits.model, workers, signal)
    view.note(`${workers} workers are up: processes ${fleet.pids.join(' ')}`)
    for (const plan of all) {
      view.plan(plan.name, digits.groups.length)
      runs.push({ plan, records: await runPlan(plan, { peer, fleet, digits, slow, seed, view, signal }) })
    }
    return { runs, processes: fleet.pids }
  } finally {
    view.done()
    await fleet.stop()
    await peer.stop()
  }
}

/** The group of a plan of whose predictions the fewest are exact, the first of them: most is to be seen there. */
function pictureOf(name: string, runs: Runs): Promise<string> {
  const [{ plan, records }] = runs.filter(({ plan }) => plan.name === name)
  const exact = ({ outcomes }: GroupRecord): number => outcomes.filter(({ status }) => status === 'exact').length
  return picture(
    plan,
    records.reduce((a, b) => (exact(b) < exact(a) ? b : a))
  )
}

interface Circumstances {
  options: DemoOptions
  processes: number[]
  startedAt: Date
}

async function report(runs: Runs, { groups }: Digits, { options, processes, startedAt }: Circumstances): Promise<void> {
  const failures = runs.flatMap(({ plan, records }) => openQueries(plan, records))
  const late = runs.flatMap(({ plan, records }) => lateGroups(plan, records))
  const figures = {
    settings: {
      k: K,
      slow: options.slow,
      deadlineMs: DEADLINE_MS,
      serviceMs: SERVICE_MS,
      slowMs: SLOW_MS,
      seed: options.seed
    },
    direct: { queries: K * groups.length, accuracy: directAccuracy(groups) },
    plans: runs.map(({ plan, records }) => planFigures(plan, records)),
    failures,
    late
  }
  const json = path.join(options.out, 'demo.json')
  const svg = path.join(options.out, 'group.svg')
  const studentSvg = path.join(options.out, 'group-with-student.svg')
  await mkdir(options.out, { recursive: true })
  const where = { ...(await environment(startedAt)), processes }
  await writeFile(json, `${JSON.stringify({ figures, environment: where }, undefined, 2)}\n`)
  await writeFile(svg, await pictureOf('NeRCC', runs))
  await writeFile(studentSvg, await pictureOf('student', runs))
  if (options.json) {
    console.log(JSON.stringify({ figures, environment: where }))
  } else {
    console.log(
      `${table(figures.plans)}\naccuracy of the model on the same digits, without a mesh: ${percent(figures.direct.accuracy)}\n` +
        `figures: ${json}\npictures of a group: ${svg}, ${studentSvg}`
    )
  }
  for (const group of late) {
    console.error(`demo: ${group}: this machine is too busy to keep time`)
  }
  for (const failure of failures) {
    console.error(`demo: ${failure}`)
    process.exitCode = 1
  }
}
