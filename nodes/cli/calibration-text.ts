import { styleText } from 'node:util'
import type { Calibration, SurvivorScore } from '../calibrate.ts'
import type { Score } from '../calibration-score.ts'
import { plural } from './quantities.ts'
import { type Column, table } from './table.ts'

/** Rows of the table at most; the profile has every number of survivors. */
const MOST_ROWS = 12

/** Both decoders for some numbers of survivors, then what was chosen on what. */
export function calibrationText({ profile, scores }: Calibration, file: string): string {
  const { code, calibration, order, decoder, epsilon, outputs } = profile
  const smoothing = code.name === 'nercc' ? ` with λe ${power(code.lambdaEncode)}, λd ${power(code.lambdaDecode)}` : ''
  const layout = code.layout === 'systematic' ? 'systematic ' : ''
  const better = decoder === 'linear' ? "the code's own decoder (plain)" : `the covariance decoder, ε ${epsilon}`
  return [
    scoreTable(scores),
    styleText('dim', `of reconstructed predictions; error: squared, summed over the ${outputs}, mean over predictions`),
    '',
    `${styleText('bold', file)} · ${layout}${code.name} (k ${code.k}, n ${code.n})${smoothing} · order ${order} · ${better}`,
    `learned on ${plural(calibration.groups, 'group')}, chosen on ${calibration.tuning}, scored on ${calibration.heldBack} held back · seed ${calibration.seed}`
  ].join('\n')
}

const FIGURES: ReadonlyArray<{ title: string; of: (score: Score) => string | undefined }> = [
  { title: 'error', of: ({ mse }) => mse.toPrecision(3) },
  { title: 'agreement', of: ({ agreement }) => agreement?.toFixed(3) },
  { title: 'accuracy', of: ({ accuracy }) => accuracy?.toFixed(3) }
]

function scoreTable(scores: readonly SurvivorScore[]): string {
  const known = FIGURES.filter(({ of }) => scores.some(({ covariance }) => covariance && of(covariance) !== undefined))
  const columns: Column[] = [
    { title: 'survivors', align: 'right' },
    ...known.flatMap(({ title }) =>
      ['plain', 'covariance'].map((decoder): Column => ({ title: `${title} (${decoder})`, align: 'right' }))
    )
  ]
  const every = Math.ceil(scores.length / MOST_ROWS)
  const rows = scores
    .filter(({ survivors }) => (scores.length - survivors) % every === 0)
    .reverse()
    .map(({ survivors, linear, covariance }) => [
      String(survivors),
      ...known.flatMap(({ of }) => [linear, covariance].map(score => (score && of(score)) ?? '–'))
    ])
  return table(columns, rows)
}

function power(lambda = 0): string {
  return lambda === 0 ? '0' : lambda.toExponential()
}
