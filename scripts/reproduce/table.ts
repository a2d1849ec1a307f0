import Table from 'cli-table3'
import type { Figures, Row } from './codes.ts'
import type { ConfidenceFigures } from './confidence.ts'
import type { Network } from './networks.ts'

import type { Beside, Difference } from './reference.ts'
import { LEAST } from './reliability.ts'
import type { Estimate } from './score.ts'
import type { StudentFigures } from './student.ts'
import type { Liars } from './wrong-workers.ts'

/** The figures, for people. */
export function codesTable({ title }: Network, figures: Figures): string {
  const { rows, reference, wrongWorkers, accuracy, settings } = figures
  const { n, k, stragglers, testGroups, testImages, setsPerGroup, seed } = settings
  const recurring = testImages < k * testGroups
  const lines = [
    `${title}, (N, K) = (${n}, ${k}), ${testGroups} test groups of ${testImages} images × ${setsPerGroup} straggler sets, ` +
      `seed ${seed}; the model itself has ${(100 * accuracy).toFixed(2)}% right.`,
    'MSE is ‖p − f‖² per query on softmax, RelAcc accuracy over the model’s own; each ± its standard error, over ' +
      `${recurring ? 'images, for each is in several groups' : 'groups'}.`,
    scores(rows, stragglers),
    'Beside the reference, and how many standard errors of the difference we are above it',
    `(${reference.source}):`,
    differences(reference.differences)
  ]
  if (wrongWorkers !== undefined) lines.push('Wrong workers, in order of inputs:', liars(wrongWorkers))
  return lines.join('\n')
}

export function confidenceTable({ title }: Network, { settings, plans }: ConfidenceFigures): string {
  const { n, k, testGroups, setsPerGroup, seed, calibrationGroups } = settings
  const head = ['decoder', 'S', 'predictions', 'model’s class', 'said', 'bins', 'largest gap', 'error said / measured']
  const grid = plain(head, 1)
  for (const { title: name, cells } of plans) {
    for (const { stragglers, predictions, agreement, confidence, bins, gap, errorRatios } of cells) {
      const ratios = errorRatios.map(each => each.toFixed(2)).join(' ')
      const shares = [agreement, confidence].map(each => each.toFixed(4))
      grid.push([name, stragglers, predictions, ...shares, bins.length, gap.toFixed(3), ratios])
    }
  }
  return [
    `${title}, (N, K) = (${n}, ${k}), profile of ${calibrationGroups} groups; ${testGroups} test groups × ${setsPerGroup} ` +
      `straggler sets, seed ${seed}. Of predictions that were reconstructed: how often the class is the model’s own, the mean`,
    `confidence, the largest difference of the two over bins of at least ${LEAST}; squared error by thirds, least to most.`,
    grid.toString()
  ].join('\n')
}

export function studentTable({ title }: Network, figures: StudentFigures, { fit }: { fit: number }): string {
  const { settings, modelAccuracy, accuracy, agreement, online } = figures
  const { off, on } = online.drift
  const grid = plain(['fitted', 'accuracy', 'gives the model’s class'], 1)
  grid.push(
    ['at once', percent(accuracy), percent(agreement)],
    ['while serving', percent(online.accuracy), percent(online.agreement)]
  )
  return [
    `A student of ${title}, ${settings.patches} patches, fitted to ${settings.queries} images in ${fit.toFixed(1)} s; on ` +
      `${settings.testImages} test images, of which the model has ${percent(modelAccuracy)} right; seed ${settings.seed}`,
    grid.toString(),
    `Fitted while it serves it has ${(100 * online.share).toFixed(1)}% of the accuracy. Then negatives come: it is off after ` +
      `${off ?? 'none'} of them, and on again after ${on ?? 'none'} more.`
  ].join('\n')
}

function scores(rows: readonly Row[], stragglers: readonly number[]): string {
  const grid = plain(['order', 'method', ...stragglers.flatMap(s => [`S=${s}\nMSE`, `\nRelAcc`])], 2)
  for (const { ordering, method, cells } of rows) {
    grid.push([ordering, method, ...cells.flatMap(({ mse, relAcc }) => [withError(mse, 4), withError(relAcc, 4)])])
  }
  return grid.toString()
}

function differences(all: readonly Difference[]): string {
  const grid = plain(['order', 'method', 'S', 'reference\nMSE', 'apart', 'reference\nRelAcc', 'apart'], 2)
  const beside = (one: Beside | undefined): string[] =>
    one === undefined ? ['–', '–'] : [one.value.toFixed(3), one.apart.toFixed(1)]
  for (const { ordering, method, stragglers, mse, relAcc } of all) {
    grid.push([ordering, method, stragglers, ...beside(mse), ...beside(relAcc)])
  }
  return grid.toString()
}

function liars(rows: readonly Liars[]): string {
  const grid = plain(['locator', 'attack', 'stragglers', 'liars', 'located', 'honest results left out'], 2)
  for (const { locator, attack, stragglers, liars, located, honestExcluded } of rows) {
    grid.push([
      locator,
      attack,
      stragglers,
      liars,
      located === undefined ? '–' : percent(located),
      percent(honestExcluded)
    ])
  }
  return grid.toString()
}

export function plain(head: string[], words: number): Table.Table {
  const colAligns = head.map((_, column): 'left' | 'right' => (column < words ? 'left' : 'right'))
  return new Table({ head, colAligns, style: { head: [], border: [], compact: true } })
}

export function withError({ value, standardError }: Estimate, digits: number): string {
  return `${value.toFixed(digits)}±${standardError.toFixed(digits)}`
}

export function percent({ value, standardError }: Estimate): string {
  return `${(100 * value).toFixed(2)}±${(100 * standardError).toFixed(2)}%`
}
