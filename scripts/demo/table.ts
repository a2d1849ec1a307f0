import Table from 'cli-table3'
import type { PlanFigures } from './figures.ts'

/** The figures of every plan, for people. */
export function table(plans: readonly PlanFigures[]): string {
  const grid = new Table({
    head: [
      'plan',
      'N',
      'queries\nanswered',
      'groups\nin time',
      'accuracy\nof answers',
      'accuracy\noverall',
      'exact',
      'p50\nms',
      'p99\nms',
      'sent\nMB'
    ],
    colAligns: ['left', ...Array<'right'>(9).fill('right')],
    style: { head: [], border: [], compact: true }
  })
  for (const figures of plans) {
    grid.push([
      figures.plan,
      figures.n,
      percent(figures.answeredShare),
      percent(figures.groupsAnsweredShare),
      percent(figures.accuracyOfAnswered),
      percent(figures.overallAccuracy),
      percent(figures.exactShare),
      figures.latencyMs.p50.toFixed(0),
      figures.latencyMs.p99.toFixed(0),
      (figures.bytesSent / 1e6).toFixed(1)
    ])
  }
  return grid.toString()
}

export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)}%`
}
