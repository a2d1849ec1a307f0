import type { LearnedFigures } from './learned.ts'
import type { Network } from './networks.ts'
import { percent, plain, withError } from './table.ts'

/** The figures, for people. */
export function learnedTable({ title }: Network, { settings, accuracy, rows, missing }: LearnedFigures): string {
  const models = Object.entries(accuracy).map(([name, share]) => `${name} has ${(100 * share).toFixed(2)}% right`)
  const head = ['method', 'K, N', 'A_d', 'A_o', 'MSE', 'model’s class', 'said', 'extra runs: worker', 'master']
  const grid = plain(head, 2)
  for (const { method, k, n, degraded, accuracy, mse, agreement, said, extra } of rows) {
    const figures = [percent(degraded), percent(accuracy), withError(mse, 4), percent(agreement)]
    const runs = [extra.worker, extra.master].map(share => share.toFixed(3))
    grid.push([method, `${k}, ${n}`, ...figures, said === undefined ? '–' : `${(100 * said).toFixed(2)}%`, ...runs])
  }
  const lines = [
    `${title.split(' on ').at(-1)}: ${settings.testImages} test images in groups of K, one of whose N = K + 1 workers straggles, each in turn; ` +
      `seed ${settings.seed}. By itself, ${models.join(', ')}.`,
    'A_d is the accuracy of predictions whose own worker straggles (a lost one is a guess), A_o of all; MSE ‖p − f‖² on ' +
      'probabilities, of all. Extra runs a query are counted in multiply-adds of the deployed model.',
    grid.toString()
  ]
  return [...lines, ...missing.map(each => `not trained: ${each}`)].join('\n')
}
