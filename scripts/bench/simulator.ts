import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import Table from 'cli-table3'
import { environment } from '../../nodes/index.ts'
import { type Scenario, type ScenarioPlan, scenario, simulate } from '../../src/simulation/index.ts'

/** Machines, and how long queries come, in virtual ms. The first ones are run once for nothing, to compile what they run. */
const FLEETS = [
  { machines: 12, length: 300_000 },
  { machines: 10_000, length: 3000 }
]
const PLANS: ScenarioPlan[] = [
  { code: 'replication', k: 4, n: 12 },
  { code: 'nercc', k: 4, n: 12 }
]
const ASKED = { codedQueries: 50_000, memoryMiB: 1024 }

export interface SimulatorOptions {
  out: string
  json: boolean
}

interface Figure {
  machines: number
  code: string
  codedQueries: number
  /** In a second of the thread that simulates; and of all threads of the process, those that compile and collect included. */
  perThreadSecond: number
  perProcessSecond: number
  /** Of the process, at its highest so far. */
  memoryMiB: number
}

/** How many coded queries the simulator does in a second of a core, and how much memory a great fleet takes. */
export async function simulator({ out, json }: SimulatorOptions): Promise<void> {
  const startedAt = new Date()
  for (const plan of PLANS) {
    await measure(12, 20_000, plan)
  }
  const figures: Figure[] = []
  for (const { machines, length } of FLEETS) {
    for (const plan of PLANS) {
      figures.push(await measure(machines, length, plan))
    }
  }
  const results = { figures, settings: { plans: PLANS, fleets: FLEETS }, environment: await environment(startedAt) }
  const file = path.join(out, 'simulator.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${table(figures)}\nfigures: ${file}`)
}

async function measure(machines: number, length: number, plan: ScenarioPlan): Promise<Figure> {
  const steady = calm(machines, length, plan)
  const [thread, whole] = [process.threadCpuUsage(), process.cpuUsage()]
  const { groups } = await simulate(steady, plan)
  const seconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6
  const codedQueries = groups.reduce((sum, { tasks }) => sum + tasks, 0)
  return {
    machines,
    code: plan.code,
    codedQueries,
    perThreadSecond: codedQueries / seconds(process.threadCpuUsage(thread)),
    perProcessSecond: codedQueries / seconds(process.cpuUsage(whole)),
    memoryMiB: process.resourceUsage().maxRSS / 1024
  }
}

/** Eight clients, or so many that a great fleet is as busy. */
function calm(machines: number, length: number, plan: ScenarioPlan): Scenario {
  return scenario({
    name: 'calm',
    title: 'Nothing goes wrong',
    fleet: [{ name: 'nano', count: machines, device: 'jetson-nano' }],
    workload: { arrivals: 'closed', clients: Math.min(64, Math.ceil((8 * machines) / 12)), batch: 4, length },
    model: { name: 'any' },
    deadline: 500,
    plans: [plan]
  })
}

function table(figures: readonly Figure[]): string {
  const made = new Table({
    head: ['machines', 'plan', 'coded queries', 'in a second of the thread', 'of all threads', 'memory so far'],
    colAligns: ['right', 'left', 'right', 'right', 'right', 'right']
  })
  for (const { machines, code, codedQueries, perThreadSecond, perProcessSecond, memoryMiB } of figures) {
    const rates = [codedQueries, perThreadSecond, perProcessSecond].map(value => Math.round(value).toLocaleString('en'))
    made.push([machines, `${code} 4 → 12`, ...rates, `${memoryMiB.toFixed(0)} MiB`])
  }
  return `${made}\nasked: ${ASKED.codedQueries.toLocaleString('en')} at 12 machines, and at most ${ASKED.memoryMiB} MiB at 10,000`
}
