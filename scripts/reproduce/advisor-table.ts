import Table from 'cli-table3'
import type { AdvisorFigures, Beside } from './advisor.ts'
import type { Network } from './networks.ts'
import type { Estimate } from './score.ts'

/** The figures, for people. */
export function advisorTable({ title }: Network, { cells, recommendations, summary }: AdvisorFigures): string {
  const compared = plain([
    'K',
    'N',
    'S',
    'code',
    'agreement\nexpected',
    'measured',
    'degraded\nexpected',
    'measured',
    'accuracy\nexpected',
    'measured'
  ])
  for (const { k, n, stragglers, code, agreement, degradedAgreement, accuracy } of cells) {
    compared.push([k, n, stragglers, code, ...both(agreement), ...both(degradedAgreement), ...both(accuracy)])
  }
  const chosen = plain([
    'K',
    'workers',
    'S',
    'recommended',
    'N',
    'measured\nagreement',
    'best measured',
    'N',
    'agreement',
    'points\nlost'
  ])
  for (const { k, workers, stragglers, recommended, best } of recommendations) {
    const lost = 100 * (best.agreement.value - recommended.agreement.value)
    chosen.push([
      ...[k, workers, stragglers, recommended.code, recommended.n, withError(recommended.agreement)],
      ...[best.code, best.n, withError(best.agreement), lost.toFixed(2)]
    ])
  }
  return [
    `${title}: calibrated on images for learning, measured on test images. Agreement with the model itself; a lost query counts as a guess.`,
    compared.toString(),
    `${summary.within} of ${summary.cells} within 1.5 points, the farthest ${(100 * summary.farthest).toFixed(2)} apart.`,
    chosen.toString(),
    `Recommended ${summary.recommendations} times, losing at most ${(100 * summary.mostLost).toFixed(2)} points to the best.`
  ].join('\n')
}

function both(beside: Beside | undefined): string[] {
  return beside === undefined ? ['–', '–'] : [beside.expected.toFixed(4), withError(beside.measured)]
}

function withError({ value, standardError }: Estimate): string {
  return `${value.toFixed(4)}±${standardError.toFixed(4)}`
}

function plain(head: string[]): Table.Table {
  return new Table({ head, colAligns: head.map(() => 'right'), style: { head: [], border: [], compact: true } })
}
