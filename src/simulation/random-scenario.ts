import { type Random, random } from '../chance/index.ts'
import { codes } from '../codes/index.ts'
import { DEVICES, type DeviceName } from './device.ts'
import type { Fault, Target } from './fault.ts'
import { scenario } from './read-scenario.ts'
import type { Machines, Scenario, ScenarioPlan, Workload } from './scenario.ts'

const LENGTH = 3000

/** A scenario drawn by chance, with faults of every kind: the same for the same seed. It is small, so that many can be run. */
export function randomScenario(seed: number): Scenario {
  const chance = random(seed)
  const draw = new Draw(chance)
  const fleet = draw.fleet()
  return scenario({
    name: `random-${seed}`,
    title: 'Drawn by chance',
    seed,
    fleet,
    workload: draw.workload(),
    model: { name: 'any', cost: draw.between(0.1, 2), input: draw.whole(1, 300_000) },
    deadline: draw.between(20, 400),
    onDeadline: draw.one(['answer', 'fail']),
    plans: [draw.plan()],
    faults: Array.from({ length: draw.whole(0, 5) }, () => draw.fault(fleet))
  })
}

class Draw {
  readonly #chance: Random

  constructor(chance: Random) {
    this.#chance = chance
  }

  /** With two digits after the point, since people will read it. */
  between(low: number, high: number): number {
    return Math.ceil(100 * (low + (high - low) * this.#chance())) / 100
  }

  whole(low: number, high: number): number {
    return low + Math.floor((high + 1 - low) * this.#chance())
  }

  one<T>(of: readonly T[]): T {
    return of[this.whole(0, of.length - 1)]
  }

  fleet(): Machines[] {
    const names = Object.keys(DEVICES) as DeviceName[]
    return Array.from({ length: this.whole(1, 3) }, (_, i) => ({
      name: `machines-${i + 1}`,
      count: this.whole(1, 6),
      device: this.one(names)
    }))
  }

  workload(): Workload {
    const batch = this.one([1, 1, 2, 4, 7])
    const rate = this.between(1, 60)
    return this.one<Workload>([
      { arrivals: 'closed', length: LENGTH, batch, clients: this.whole(1, 6), think: this.between(0, 50) },
      { arrivals: 'poisson', length: LENGTH, batch, rate },
      { arrivals: 'bursts', length: LENGTH, batch, rate, burst: 8 * rate, every: 1000, lasts: this.between(10, 200) },
      { arrivals: 'trace', length: LENGTH, batch, at: [0, 5, 5, this.between(10, 400)], every: 500 }
    ])
  }

  plan(): ScenarioPlan {
    const { name: code, layouts, maximumN } = this.one(Object.values(codes))
    const k = this.whole(1, 6)
    const n = Math.min(k + this.whole(0, 8), maximumN?.(k) ?? Number.POSITIVE_INFINITY)
    const beside = this.one([undefined, { profile: 'any.json', service: this.between(0.1, 200) }])
    const student = code === 'replication' ? beside : undefined
    const exits = code === 'replication' ? this.one([undefined, { profile: 'any.json' }]) : undefined
    return {
      code,
      k,
      n,
      layout: this.one(layouts),
      stragglers: this.one([undefined, this.whole(0, n - 1)]),
      ...(student && { student }),
      ...(exits && { exits }),
      ...(student === undefined && exits === undefined && { fewest: this.one([false, true]) })
    }
  }

  fault(fleet: readonly Machines[]): Fault {
    const at = this.between(0, LENGTH)
    const on: Target = this.one([{}, { machines: this.one(fleet).name }, { count: 1 }, { share: this.between(0, 1) }])
    const common = { at, on, for: this.between(1, LENGTH), probability: this.one([1, 1, 0.5]) }
    const share = this.between(0, 1)
    const down = this.between(1, 800)
    const factor = this.between(1, 20)
    return this.one<Fault>([
      { kind: 'slow', ...common, factor },
      { kind: 'slow-exponential', ...common, mean: this.between(1, 100) },
      { kind: 'slow-pareto', ...common, scale: this.between(1, 20), shape: this.between(1, 3) },
      { kind: 'slow-bimodal', ...common, factor, share },
      { kind: 'slow-episodes', ...common, factor, fast: 300, slow: 100, together: this.one([true, false]) },
      { kind: 'slow-thermal', ...common, factor, rise: 1000 },
      { kind: 'stall', ...common, share },
      { kind: 'fail', ...common, share },
      { kind: 'crash', ...common },
      { kind: 'pause', ...common },
      { kind: 'restart', ...common, down },
      { kind: 'leave', ...common },
      { kind: 'join', ...common },
      { kind: 'churn', ...common, every: this.between(100, 1000), away: this.between(10, 500) },
      { kind: 'rolling-upgrade', ...common, down },
      { kind: 'reset', ...common, again: this.one([undefined, 700]) },
      { kind: 'partition', ...common },
      { kind: 'bandwidth', ...common, limit: this.between(0.1, 50) },
      { kind: 'loss', ...common, share: this.between(0, 0.1), burst: this.one([undefined, 100]) },
      { kind: 'drip', ...common, rate: this.between(10, 100_000) },
      {
        kind: 'wrong',
        ...common,
        how: this.one(['noise', 'rolled', 'stale', 'nan', 'truncated', 'duplicate', 'foreign']),
        share
      },
      { kind: 'lie', ...common, factor },
      { kind: 'skew', ...common, drift: this.between(-0.5, 0.5) },
      { kind: 'master-crash', at, down }
    ])
  }
}
