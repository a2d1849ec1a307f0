import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mean, quantile } from 'simple-statistics'
import { RivalFleet } from '../../scripts/bench/rival-fleet.ts'
import { type Random, random } from '../../src/chance/index.ts'
import { codeFamily } from '../../src/codes/index.ts'
import { Fleet, type WorkerId } from '../../src/fleet/index.ts'
import { type Drive, drive, planSpec } from '../../src/inference/index.ts'
import { behaviour, DEVICES, VirtualClock, virtualChannel } from '../../src/simulation/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const MASTERS = 4
const WORKERS = 12
const LENGTH_MS = 8000
const QUERIES = 4
/** Groups a second of each master: half of what the workers can do goes to all together. */
const RATE = 30

interface Shared {
  /** Times from asking to the answer, by master. */
  latencies: number[][]
  /** Tasks by worker. */
  asked: Map<WorkerId, number>
}

/** Masters that share the same workers and know of each other only by how long these take. */
function share(fleets: readonly Fleet[], seed: number): Shared {
  const clock = new VirtualClock()
  const shared: Shared = { latencies: fleets.map(() => []), asked: new Map() }
  // Each master calls the model by a name of its own, so that it is told of its own tasks.
  const drives = new Map<string, Drive>()
  const channels = Array.from({ length: WORKERS }, (_, i) =>
    virtualChannel({
      worker: `worker-${i}`,
      clock,
      profile: behaviour({ device: DEVICES.laptop, clock, chance: random(seed, i), cost: 1, conditions: [] }),
      run: () => ({ y: Tensor.float32([1], [1, 1]) }),
      observe: observation => drives.get(observation.model)?.observe(observation)
    })
  )
  fleets.forEach((fleet, i) => {
    const model = `model-${i}`
    const asked = new Map<number, number>()
    const driven = drive({
      fleet,
      clock,
      channel: id => channels.find(({ worker }) => worker === id),
      answered: ({ outcomes, report }) => {
        const [{ call, outcome }] = outcomes
        assert.equal(outcome.status, 'exact')
        shared.latencies[i].push(clock.now() - (asked.get(call) ?? 0))
        for (const { worker } of report.tasks) shared.asked.set(worker, (shared.asked.get(worker) ?? 0) + 1)
      }
    })
    drives.set(model, driven)
    for (const { worker } of channels) fleet.add(worker, [model])
    const spec = planSpec({ model, output: 'y', code: codeFamily('uncoded'), k: QUERIES, n: QUERIES, deadline: 5000 })
    const queries = Array.from({ length: QUERIES }, () => ({ x: Tensor.float32([1], [1, 1]) }))
    ask(clock, random(seed, 100 + i), call => {
      asked.set(call, clock.now())
      driven.dispatch({ type: 'batch', call, queries, spec, concurrency: 1 })
    })
  })
  clock.run()
  return shared
}

function ask(clock: VirtualClock, chance: Random, query: (call: number) => void): void {
  let call = 0
  for (let at = 0; at < LENGTH_MS; at += (-1000 / RATE) * Math.log(1 - chance())) {
    clock.setTimer(at, () => query(call++))
  }
}

/** All ask those whose last answers were the fastest. */
function fastest(): RivalFleet {
  const times = new Map<WorkerId, number>()
  return new RivalFleet({
    choose: (workers, count) =>
      workers.toSorted((a, b) => (times.get(a.worker) ?? 0) - (times.get(b.worker) ?? 0)).slice(0, count),
    answered: (worker, { queue, run, network }) => times.set(worker, queue + run + network)
  })
}

describe('four masters that share a fleet', () => {
  it('do not all ask the same few workers, and wait far shorter than masters that do', () => {
    for (const seed of [1, 2, 3]) {
      const ours = share(
        Array.from({ length: MASTERS }, () => new Fleet()),
        seed
      )
      const herding = share(Array.from({ length: MASTERS }, fastest), seed)
      const p99 = ({ latencies }: Shared): number => quantile(latencies.flat(), 0.99)
      assert.ok(p99(ours) < 0.7 * p99(herding), `seed ${seed}: p99 ${p99(ours)} ms, herding ${p99(herding)} ms`)
      const tasks = [...ours.asked.values()]
      const even = tasks.reduce((sum, count) => sum + count, 0) / WORKERS
      assert.ok(Math.max(...tasks) < 1.3 * even, `seed ${seed}: one worker had ${Math.max(...tasks)}, evenly ${even}`)
      const means = ours.latencies.map(mean)
      assert.ok(Math.max(...means) < 1.2 * Math.min(...means), `seed ${seed}: masters wait for ${means} ms`)
    }
  })
})
