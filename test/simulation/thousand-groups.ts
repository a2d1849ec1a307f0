/**
 * 1,000 groups of every code on virtual workers with random faults, crashes and newcomers, all drawn from one seed. The
 * event log goes to standard output; a broken promise of the master is thrown.
 */
import assert from 'node:assert/strict'
import { type Random, random } from '../../src/chance/index.ts'
import { codeFamily, codes } from '../../src/codes/index.ts'
import { Fleet } from '../../src/fleet/index.ts'
import { type Drive, drive, type GroupAnswer, planSpec } from '../../src/inference/index.ts'
import {
  logged,
  type TaskFault,
  type VirtualChannel,
  VirtualClock,
  virtualChannel
} from '../../src/simulation/index.ts'
import { query, run } from '../inference/mesh.ts'

const GROUPS = 1000
const FAULTS: ReadonlyArray<TaskFault | undefined> = ['silent', 'stall', 'fail', 'nan', 'misshapen']
const families = Object.values(codes)

const seed = Number(process.argv[2] ?? 1)
const clock = new VirtualClock()
const fleet = new Fleet()
const channels = new Map<string, VirtualChannel>()
const terminal = new Map<string, number>()
const chance = random(seed)
const write = (line: string): void => console.log(line)
const driven: Drive = drive({ fleet, clock, channel: id => loggedChannels.get(id), answered: check })
const loggedChannels = new Map<string, VirtualChannel | ReturnType<typeof logged>>()

function join(worker: string, own: Random): void {
  const channel = virtualChannel({
    worker,
    clock,
    run,
    observe: observation => driven.observe(observation),
    profile: {
      service: () => (own() < 0.1 ? 400 : 15 + 10 * own()),
      network: () => 0.5 + own(),
      fault: () => (own() < 0.05 ? FAULTS[Math.floor(own() * FAULTS.length)] : undefined)
    }
  })
  channels.set(worker, channel)
  loggedChannels.set(worker, logged(channel, clock, write))
  fleet.add(worker, ['double'])
  driven.dispatch({ type: 'workers' })
}

function crash(worker: string): void {
  fleet.remove(worker)
  loggedChannels.delete(worker)
  channels.get(worker)?.crash()
}

function check({ final, outcomes, report }: GroupAnswer): void {
  write(`${clock.now()} group ${report.group} ${final ? report.stop : 'so far'} [${report.survivors}]`)
  assert.ok(clock.now() <= report.deadlineAt, `group ${report.group} was answered after its deadline`)
  for (const { call, position, outcome } of outcomes) {
    write(`  query ${call}/${position} ${outcome.status}${'output' in outcome ? ` ${outcome.output.data}` : ''}`)
    assert.ok(!('output' in outcome) || outcome.output.data.every(Number.isFinite), 'a prediction is not finite')
    if (final) {
      const key = `${call}/${position}`
      terminal.set(key, (terminal.get(key) ?? 0) + 1)
    }
  }
}

let expected = 0
for (let i = 0; i < 12; i++) {
  join(`worker-${i}`, random(seed, i + 1))
}
for (let call = 1; call <= GROUPS; call++) {
  const { name, maximumN } = families[Math.floor(chance() * families.length)]
  const k = 1 + Math.floor(chance() * 5)
  const spec = planSpec({
    model: 'double',
    output: 'y',
    code: codeFamily(name),
    k,
    n: Math.min(k + Math.floor(chance() * 8), maximumN?.(k) ?? Infinity),
    deadline: 200,
    refine: chance() < 0.2 ? 'until-stop' : 'never',
    onDeadline: chance() < 0.2 ? 'fail' : 'answer',
    hedge: chance() < 0.2 ? { after: chance() < 0.5 ? 'p90' : 30, budget: chance() < 0.5 ? 0.1 : 1 } : undefined
  })
  clock.setTimer(call * 20 * chance() + call, () => {
    if (chance() < 0.5) {
      expected++
      driven.dispatch({ type: 'query', call, query: { x: query(call) }, spec, lane: JSON.stringify(spec) })
    } else {
      expected += k
      const queries = Array.from({ length: k }, (_, q) => ({ x: query(call + q) }))
      driven.dispatch({ type: 'batch', call, queries, spec, concurrency: 1 })
    }
  })
}
for (let i = 0; i < 30; i++) {
  const [at, worker] = [chance() * 10_000, `worker-${Math.floor(chance() * 12)}`]
  clock.setTimer(at, () => crash(worker))
  clock.setTimer(at + 200 * chance(), () => join(worker, random(seed, 100 + i)))
}
clock.run()

assert.equal(terminal.size, expected, 'every query has a terminal outcome')
assert.ok(
  [...terminal.values()].every(count => count === 1),
  'no query is answered twice'
)
assert.equal(driven.held, 0, 'nothing of a query outlives it')
