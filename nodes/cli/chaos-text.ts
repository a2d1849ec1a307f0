import { styleText } from 'node:util'
import type { PlanReport, ScenarioReport } from '../../src/simulation/index.ts'
import { verdict, verdictText } from './chaos-verdict.ts'
import { bytes, plural } from './quantities.ts'
import { type Column, table } from './table.ts'

interface Figure {
  title: string
  of(plan: PlanReport): string
}

const FIGURES: readonly Figure[] = [
  { title: 'answered', of: ({ answered, queries }) => percent(answered / queries) },
  { title: 'right', of: ({ overallAccuracy }) => percent(overallAccuracy) },
  { title: 'of reconstructed', of: ({ degradedAccuracy }) => percent(degradedAccuracy) },
  { title: 'exact', of: ({ exactShare }) => percent(exactShare) },
  { title: 'p50', of: ({ latencyMs }) => latencyMs.p50.toFixed(0) },
  { title: 'p90', of: ({ latencyMs }) => latencyMs.p90.toFixed(0) },
  { title: 'p99', of: ({ latencyMs }) => latencyMs.p99.toFixed(0) },
  { title: 'p99.9 ms', of: ({ latencyMs }) => latencyMs.p999.toFixed(0) },
  { title: 'goodput /s', of: ({ goodput }) => goodput.toFixed(1) },
  { title: 'tasks', of: ({ tasksPerQuery }) => tasksPerQuery.toFixed(2) },
  { title: 'sent', of: ({ bytesPerQuery }) => bytes(Math.round(bytesPerQuery)) },
  { title: 'runs wasted', of: ({ runs, wastedRuns }) => percent(runs === 0 ? 0 : wastedRuns / runs) }
]

/** One table a scenario: a row for each plan, the best one marked. */
export function reportText(report: ScenarioReport): string {
  const { scenario, seed, backend, machines, accuracyFrom, plans } = report
  const { winner } = verdict(report)
  const columns: Column[] = [{ title: 'plan' }, ...FIGURES.map(({ title }): Column => ({ title, align: 'right' }))]
  const rows = plans.map(plan => {
    const cells = [plan.plan, ...FIGURES.map(({ of }) => of(plan))]
    return plan === winner ? cells.map(cell => styleText('bold', cell)) : cells
  })
  const broken = plans.reduce((sum, { violations }) => sum + violations.length, 0)
  return [
    `${styleText('bold', scenario.name)} · ${scenario.title}`,
    styleText(
      'dim',
      `${backend} · ${plural(machines, 'machine')} · deadline ${scenario.deadline} ms · seed ${seed} · ` +
        (broken === 0 ? 'every invariant held' : plural(broken, 'broken invariant'))
    ),
    '',
    table(columns, rows),
    '',
    verdictText(report),
    styleText(
      'dim',
      `right: of all queries; tasks, sent: for a query${accuracyFrom ? `; accuracies from ${accuracyFrom}` : ''}`
    )
  ].join('\n')
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(1)}%`
}
