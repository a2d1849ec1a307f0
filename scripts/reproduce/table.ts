import Table from 'cli-table3'
import { type Figures, type Row, STRAGGLERS } from './codes.ts'
import type { Estimate } from './score.ts'

/** The figures, for people. */
export function codesTable({ rows, reference, wrongWorkers, accuracy, settings }: Figures): string {
  return [
    `LeNet5 on MNIST, (N, K) = (${settings.n}, ${settings.k}), ${settings.testGroups} test groups × ` +
      `${settings.setsPerGroup} straggler sets, seed ${settings.seed}; the model itself has ${(100 * accuracy).toFixed(2)}% right.`,
    'MSE is ‖p − f‖² per query on softmax, RelAcc accuracy over the model’s own; each ± its standard error.',
    scores(rows),
    'The published methods in arbitrary order beside the reference, and how many standard errors they are apart',
    `(${reference.source}):`,
    differences(reference.differences),
    'Wrong workers, in order of inputs:',
    liars(wrongWorkers)
  ].join('\n')
}

function scores(rows: readonly Row[]): string {
  const grid = plain(['order', 'method', ...STRAGGLERS.flatMap(s => [`S=${s}\nMSE`, `\nRelAcc`])], 2)
  for (const { ordering, method, cells } of rows) {
    grid.push([ordering, method, ...cells.flatMap(({ mse, relAcc }) => [withError(mse, 4), withError(relAcc, 4)])])
  }
  return grid.toString()
}

function differences(all: Figures['reference']['differences']): string {
  const grid = plain(['method', 'S', 'reference\nMSE', 'apart', 'reference\nRelAcc', 'apart'], 1)
  for (const one of all) {
    grid.push([
      one.method,
      one.stragglers,
      one.mse.toFixed(3),
      one.mseInStandardErrors.toFixed(1),
      one.relAcc.toFixed(3),
      one.relAccInStandardErrors.toFixed(1)
    ])
  }
  return grid.toString()
}

function liars(rows: Figures['wrongWorkers']): string {
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

function plain(head: string[], words: number): Table.Table {
  const colAligns = head.map((_, column): 'left' | 'right' => (column < words ? 'left' : 'right'))
  return new Table({ head, colAligns, style: { head: [], border: [], compact: true } })
}

function withError({ value, standardError }: Estimate, digits: number): string {
  return `${value.toFixed(digits)}±${standardError.toFixed(digits)}`
}

function percent({ value, standardError }: Estimate): string {
  return `${(100 * value).toFixed(2)}±${(100 * standardError).toFixed(2)}%`
}
