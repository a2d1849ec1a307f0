import { styleText } from 'node:util'
import { type Advice, type AdvisedPlan, planTitle } from '../../src/advisor/index.ts'
import { bytes } from './quantities.ts'
import { type Column, table } from './table.ts'

/** A row for each plan, the best first, then which to take; `late` says where the share of late answers comes from. */
export function adviceText({ plans, recommended, reason }: Advice, late: string | undefined): string {
  const coded = new Set(plans.filter(({ calibrated }) => calibrated !== undefined).map(({ code }) => code.n))
  // Replication is there with every N: in a table, whole numbers of copies and what compares with a code are enough.
  const shown = plans.filter(
    plan =>
      plan === recommended || plan.calibrated !== undefined || plan.code.n % plan.code.k === 0 || coded.has(plan.code.n)
  )
  const known = FIGURES.filter(({ of }) => shown.some(plan => of(plan) !== undefined))
  const columns: Column[] = [
    { title: 'code' },
    ...['k', 'n', ...known.map(({ title }) => title)].map((title): Column => ({ title, align: 'right' }))
  ]
  const rows = shown.map(plan => {
    const { code, calibrated } = plan
    const order = calibrated === undefined || plan.order === 'path' ? '' : `, order ${plan.order}`
    const cells = [
      `${planTitle(plan)}${order}`,
      String(code.k),
      String(code.n),
      ...known.map(({ of }) => of(plan) ?? '–')
    ]
    return plan === recommended ? cells.map(cell => styleText('bold', cell)) : cells
  })
  return [
    table(columns, rows),
    styleText(
      'dim',
      'agreement: how often a prediction has the class that the model itself gives; a lost one is a guess'
    ),
    styleText('dim', 'degraded: the same over predictions that are not exact · complete: no query of a group is lost'),
    styleText('dim', 'the best first, where what was measured (±, its standard error) counts one such error less'),
    ...(late === undefined ? [] : [styleText('dim', late)]),
    '',
    `${styleText('bold', 'take')} ${reason}`
  ].join('\n')
}

const FIGURES: ReadonlyArray<{ title: string; of: (plan: AdvisedPlan) => string | undefined }> = [
  { title: 'runs a query', of: ({ overhead }) => overhead.toFixed(2) },
  { title: 'agreement', of: agreementText },
  { title: 'degraded', of: ({ agreement }) => agreement?.degraded?.toFixed(3) },
  { title: 'accuracy', of: ({ accuracy }) => accuracy?.overall.toFixed(3) },
  { title: 'degraded accuracy', of: ({ accuracy }) => accuracy?.degraded?.toFixed(3) },
  { title: 'error', of: ({ mse }) => mse.overall.toPrecision(3) },
  { title: 'exact', of: ({ exact }) => exact.toFixed(3) },
  { title: 'complete', of: ({ complete }) => complete.toFixed(3) },
  { title: 'sent a query', of: ({ bytes: count }) => bytes(Math.round(count)) }
]

/** With its standard error where it was measured. */
function agreementText({ agreement, standardError, calibrated }: AdvisedPlan): string | undefined {
  const measured = calibrated === undefined ? '' : ` ± ${standardError.toFixed(3)}`
  return agreement && `${agreement.overall.toFixed(3)}${measured}`
}
