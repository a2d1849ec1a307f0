import type { LearnedFigures } from './learned.ts'
import type { LearnedTrainings } from './learned-trainings.ts'
import type { Network } from './networks.ts'
import { percent, plain, withError } from './table.ts'

const HEAD = ['K, N, S', 'method', 'A_o', 'A_d', 'RelAcc', 'MSE', 'model’s class', 'said', 'runs', 'master', 'bytes']

const SPREADS = ['K, N, S', 'method', 'trainings', 'A_o', 'A_d', 'MSE']

/** The figures, for people. */
export function learnedTable(
  { title }: Network,
  { settings, accuracy, rows, trainings, missing }: LearnedFigures
): string {
  const models = Object.entries(accuracy).map(([name, share]) => `${name} has ${(100 * share).toFixed(2)}% right`)
  const grid = plain(HEAD, 2)
  for (const { deployed, k, n, stragglers, method, seed, chosen, extra, said, ...row } of rows) {
    const cell = `${k}, ${n}, ${stragglers}${deployed === 'invnet' ? ' (invnet)' : ''}`
    const name = `${method}${seed === undefined ? '' : `, seed ${seed}`}${chosen === undefined ? '' : `: ${chosen}`}`
    const figures = [row.accuracy, row.degraded].map(percent)
    const agreement = [
      row.agreement === undefined ? '–' : percent(row.agreement),
      said === undefined ? '–' : `${(100 * said).toFixed(2)}%`
    ]
    const errors = [withError(row.relAcc, 4), withError(row.mse, 4)]
    const costs = [extra.workers.toFixed(3), extra.master.toFixed(3), Math.round(extra.bytes)]
    grid.push([cell, name, ...figures, ...errors, ...agreement, ...costs])
  }
  return [
    `${title}: up to ${settings.queries} of ${settings.testImages} test images in groups of K, S of N workers straggle; seed ${settings.seed}. ` +
      `By itself, ${models.join(', ')}.`,
    'A_o is the accuracy of all predictions, A_d of those that are not exact (one that is lost is a guess); MSE ‖p − f‖² on probabilities, of all.',
    'Of those that are neither exact nor lost, how often the class is the model’s own, and how often that was said. Beside its own run and its own',
    'bytes, each query costs so many runs of the workers and of the master (by multiply-adds, in runs of the deployed model), and bytes sent.',
    grid.toString(),
    ...(trainings.length > 0
      ? ['Trainings that differ in their seeds: mean, and from least to most.', spreads(trainings)]
      : []),
    ...missing.map(name => `not trained: ${name}`)
  ].join('\n')
}

function spreads(trainings: readonly LearnedTrainings[]): string {
  const grid = plain(SPREADS, 2)
  const share = (value: number): string => (100 * value).toFixed(2)
  for (const { k, n, stragglers, method, count, accuracy, degraded, mse } of trainings) {
    const shares = [accuracy, degraded].map(
      ({ mean, least, most }) => `${share(mean)}%, ${share(least)} to ${share(most)}`
    )
    const errors = `${mse.mean.toFixed(4)}, ${mse.least.toFixed(4)} to ${mse.most.toFixed(4)}`
    grid.push([`${k}, ${n}, ${stragglers}`, method, count, ...shares, errors])
  }
  return grid.toString()
}
