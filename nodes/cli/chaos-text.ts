import { styleText } from 'node:util'
import type { ScenarioReport } from '../../src/simulation/index.ts'
import type { Fidelity } from '../chaos/fit.ts'
import { FIDELITY, fidelityRows } from './chaos-fidelity.ts'
import { FIGURES } from './chaos-figures.ts'
import { verdict, verdictText } from './chaos-verdict.ts'
import { plural } from './quantities.ts'
import { type Column, table } from './table.ts'

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

/** What the simulator predicted of a real run, after it was fitted on another. */
export function fidelityText(fidelity: readonly Fidelity[]): string {
  const columns = FIDELITY.map((title, i): Column => ({ title, align: i < 3 ? 'left' : 'right' }))
  return table(columns, fidelityRows(fidelity))
}
