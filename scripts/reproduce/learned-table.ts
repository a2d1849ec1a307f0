import type { LearnedFigures } from './learned.ts'
import { percent, plain, withError } from './table.ts'

/** The figures, for people. */
export function learnedTable({ settings, accuracy, rows, missing }: LearnedFigures): string {
  const models = Object.entries(accuracy).map(([name, share]) => `${name} has ${(100 * share).toFixed(2)}% right`)
  const head = [
    'model',
    'K, N, S',
    'method',
    'A_d',
    'A_o',
    'RelAcc',
    'MSE',
    'model’s class',
    'said',
    'workers',
    'master'
  ]
  const grid = plain(head, 3)
  for (const { deployed, k, n, stragglers, method, extra, said, ...row } of rows) {
    const figures = [row.degraded, row.accuracy].map(percent)
    const runs = [extra.workers, extra.master].map(share => share.toFixed(3))
    const agreement = [
      row.agreement === undefined ? '–' : percent(row.agreement),
      said === undefined ? '–' : `${(100 * said).toFixed(2)}%`
    ]
    const errors = [withError(row.relAcc, 4), withError(row.mse, 4)]
    grid.push([deployed, `${k}, ${n}, ${stragglers}`, method, ...figures, ...errors, ...agreement, ...runs])
  }
  return [
    `MNIST: ${settings.queries} of ${settings.testImages} test images in groups of K, S of N workers straggle; seed ${settings.seed}. ` +
      `By itself, ${models.join(', ')}.`,
    'A_d is the accuracy of predictions that are not exact (one that is lost is a guess), A_o of all; MSE ‖p − f‖² on probabilities, of all.',
    'Of those that are neither exact nor lost, how often the class is the model’s own, and how often that was said. Workers and master: multiply-adds',
    'a query beside those of its own run, in runs of the deployed model.',
    grid.toString(),
    ...missing.map(name => `not trained: ${name}`)
  ].join('\n')
}
