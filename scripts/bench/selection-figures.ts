import Table from 'cli-table3'
import { mean, quantile } from 'simple-statistics'
import { random } from '../../src/chance/index.ts'

/** What one policy came to in a scenario with one seed. */
export interface SelectionRun {
  p50: number
  p99: number
  /** Shares of the queries. */
  answered: number
  tasksPerQuery: number
  wastedRuns: number
}

/** Runs of each policy in one scenario, seed by seed in the same order. */
export interface SelectionRuns {
  scenario: string
  runs: Record<string, SelectionRun[]>
}

/** p99 of ours over that of the best policy of others. */
export interface Comparison {
  best: string
  ratio: number
  low: number
  high: number
}

export interface SelectionFigures {
  scenario: string
  /** Means over the seeds; of p99 the geometric one. */
  policies: Array<SelectionRun & { policy: string }>
  comparison: Comparison
}

const OURS = 'ours'
const RESAMPLES = 2000
/** What is asked for: nowhere longer than this times the best other, and on so many scenarios shorter than that. */
const ASKED = { everywhere: 1.02, somewhere: 0.8, scenarios: 3 }

export function selectionFigures({ scenario, runs }: SelectionRuns): SelectionFigures {
  const policies = Object.entries(runs).map(([policy, each]) => ({
    policy,
    p50: mean(each.map(({ p50 }) => p50)),
    p99: geometricMean(each.map(({ p99 }) => p99)),
    answered: mean(each.map(({ answered }) => answered)),
    tasksPerQuery: mean(each.map(({ tasksPerQuery }) => tasksPerQuery)),
    wastedRuns: mean(each.map(({ wastedRuns }) => wastedRuns))
  }))
  const [{ policy: best }] = policies.filter(({ policy }) => !policy.startsWith(OURS)).sort((a, b) => a.p99 - b.p99)
  return { scenario, policies, comparison: { best, ...ratioOf(runs[OURS], runs[best]) } }
}

/** Geometric mean of the ratios seed by seed, and the middle 95% of what it is when seeds are drawn again (bootstrap). */
function ratioOf(ours: readonly SelectionRun[], other: readonly SelectionRun[]): Omit<Comparison, 'best'> {
  const ratios = ours.map(({ p99 }, i) => p99 / other[i].p99)
  const chance = random(ratios.length)
  const again = Array.from({ length: RESAMPLES }, () =>
    geometricMean(ratios.map(() => ratios[Math.floor(ratios.length * chance())]))
  )
  return { ratio: geometricMean(ratios), low: quantile(again, 0.025), high: quantile(again, 0.975) }
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)))
}

export function selectionTable(figures: readonly SelectionFigures[]): string {
  const policies = figures[0].policies.map(({ policy }) => policy)
  const head = ['scenario', ...policies, 'ours / best other (95%)', 'tasks a query']
  const grid = new Table({
    head,
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true }
  })
  for (const { scenario, policies, comparison } of figures) {
    const { best, ratio, low, high } = comparison
    const tasks = policies.map(({ tasksPerQuery }) => tasksPerQuery)
    grid.push([
      scenario,
      ...policies.map(({ p99, answered }) => `${p99.toFixed(0)}${lost(answered)}`),
      `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) ${best}`,
      `${Math.min(...tasks).toFixed(2)}–${Math.max(...tasks).toFixed(2)}`
    ])
  }
  return `p99 in ms; in brackets the share of queries without a prediction\n${grid}\n${summary(figures)}`
}

function lost(answered: number): string {
  return answered > 0.9995 ? '' : ` (${(100 * (1 - answered)).toFixed(1)}%)`
}

function summary(figures: readonly SelectionFigures[]): string {
  const { everywhere, somewhere, scenarios } = ASKED
  const ratios = figures.map(({ comparison }) => comparison.ratio)
  const shorter = ratios.filter(ratio => ratio <= somewhere).length
  return (
    `asked: at most ${everywhere} × the best other everywhere (at most ${Math.max(...ratios).toFixed(2)} here), ` +
    `at most ${somewhere} × on ${scenarios} scenarios (on ${shorter} here)`
  )
}
