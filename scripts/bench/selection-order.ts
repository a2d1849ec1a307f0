import Table from 'cli-table3'
import { mean } from 'simple-statistics'

/** p99 in ms by policy. */
export type ByPolicy = Record<string, number>

/** What all policies came to with one seed, in the simulator and on real processes. */
export interface RealRun {
  scenario: string
  seed: number
  simulated: ByPolicy
  real: ByPolicy
}

/** How many pairs of policies come in the same order on both. */
export interface Agreement {
  same: number
  /** On one of both, seeds do not agree which of the two is faster, or there is no difference. */
  undecided: number
  opposite: number
  /** Kendall's τ of the means over the seeds: (pairs in the same order − pairs in the opposite one) / pairs, whatever their errors. */
  tau: number
}

/** Source of τ: Kendall, "A New Measure of Rank Correlation", 1938 (τ-a: a tie counts for neither). */
export function agreement(runs: readonly RealRun[]): Agreement {
  const policies = Object.keys(runs[0].real)
  const pairs = policies.flatMap((a, i) => policies.slice(i + 1).map(b => [a, b] as const))
  const simulated = runs.map(run => run.simulated)
  const real = runs.map(run => run.real)
  const decided = pairs.map(pair => unanimous(simulated, pair) * unanimous(real, pair))
  const ofMeans = pairs.map(pair => sign(meansOf(simulated), pair) * sign(meansOf(real), pair))
  const count = (wanted: number): number => decided.filter(order => order === wanted).length
  return { same: count(1), undecided: count(0), opposite: count(-1), tau: mean(ofMeans) }
}

/** −1 or 1 as the first or the second of a pair is faster with every seed; 0 where seeds differ. */
function unanimous(runs: readonly ByPolicy[], pair: readonly [string, string]): number {
  const signs = new Set(runs.map(p99 => sign(p99, pair)))
  return signs.size === 1 ? [...signs][0] : 0
}

function sign(p99: ByPolicy, [a, b]: readonly [string, string]): number {
  return Math.sign(p99[a] - p99[b])
}

/** Geometric. */
function meansOf(runs: readonly ByPolicy[]): ByPolicy {
  const policies = Object.keys(runs[0])
  return Object.fromEntries(policies.map(policy => [policy, Math.exp(mean(runs.map(p99 => Math.log(p99[policy]))))]))
}

export function orderTable(runs: readonly RealRun[]): string {
  const policies = Object.keys(runs[0].real)
  const head = ['p99 in ms', '', ...policies, 'pairs: same/undecided/opposite', 'τ']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const [scenario, seeds = []] of Map.groupBy(runs, run => run.scenario)) {
    const { same, undecided, opposite, tau } = agreement(seeds)
    const cells = (p99: readonly ByPolicy[]): string[] => {
      const means = meansOf(p99)
      return policies.map(policy => `${means[policy].toFixed(0)} (${range(p99.map(each => each[policy]))})`)
    }
    const pairs = `${same}/${undecided}/${opposite}`
    table.push([
      `${scenario}, ${seeds.length} seeds`,
      'simulated',
      ...cells(seeds.map(run => run.simulated)),
      pairs,
      tau.toFixed(2)
    ])
    table.push(['', 'real', ...cells(seeds.map(run => run.real)), '', ''])
  }
  return `mean over the seeds, and from which to which they go; undecided: not in the same order with every seed\n${table}`
}

function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`
}
