import { styleText } from 'node:util'
import type { ScenarioReport } from '../../src/simulation/index.ts'
import type { Fidelity } from '../chaos/fit.ts'
import { FIDELITY, fidelityRows } from './chaos-fidelity.ts'
import { companionsText, FIGURES } from './chaos-figures.ts'
import { busyText, verdict, verdictText } from './chaos-verdict.ts'
import { plural } from './quantities.ts'
import { type Column, table } from './table.ts'

/** The figures of a plan that a terminal of a hundred columns has room for, beside how much is right, or answered. */
const SHOWN = ['exact', 'p50', 'p90', 'p99', 'p99.9 ms', 'goodput /s', 'tasks', 'runs wasted']

/** One table a scenario: a row for each plan, the best one marked. */
export function reportText(report: ScenarioReport): string {
  const { scenario, seed, backend, machines, accuracyFrom, plans } = report
  const { winner } = verdict(report)
  const { who, how } = verdictText(report)
  const busy = busyText(report)
  const worth = plans.some(({ overallAccuracy }) => overallAccuracy === undefined) ? 'answered' : 'right'
  const shown = FIGURES.filter(({ title }) => title === worth || SHOWN.includes(title))
  const columns: Column[] = [{ title: 'plan' }, ...shown.map(({ title }): Column => ({ title, align: 'right' }))]
  const rows = plans.map(plan => {
    const cells = [plan.plan, ...shown.map(({ of }) => of(plan))]
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
    ...companionsText(plans).map(said => styleText('dim', said)),
    '',
    `${who}:`,
    how,
    ...(busy === undefined ? [] : [busy]),
    styleText('dim', `${worth}: of all queries; tasks: for a query`),
    ...(accuracyFrom ? [styleText('dim', `accuracies: ${accuracyFrom}`)] : [])
  ].join('\n')
}

/** What the simulator predicted of a real run, after it was fitted on another. */
export function fidelityText(fidelity: readonly Fidelity[]): string {
  const columns = FIDELITY.map((title, i): Column => ({ title, align: i < 3 ? 'left' : 'right' }))
  return table(columns, fidelityRows(fidelity))
}
