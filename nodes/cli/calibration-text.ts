import { styleText } from 'node:util'
import type { CalibratedCode } from '../../src/codes/index.ts'
import type { Calibration } from '../calibrate.ts'
import type { SurvivorScore } from '../calibrate-plan.ts'
import type { Score } from '../calibration-score.ts'
import { planText } from '../profiled.ts'
import { plural } from './quantities.ts'
import { type Column, table } from './table.ts'

/** Rows of the table at most; the profile has every number of survivors. */
const MOST_ROWS = 12

/** For each plan both decoders for some numbers of survivors; then what was learned on what. */
export function calibrationText({ profile, scores }: Calibration, file: string): string {
  const { plans, calibration, outputs, accuracy } = profile
  const own = accuracy === undefined ? '' : ` · accuracy of the model itself ${accuracy.toFixed(3)}`
  return [
    ...plans.flatMap((plan, i) => [styleText('bold', chosenText(plan)), scoreTable(scores[i]), '']),
    styleText('dim', `of reconstructed predictions; error: squared, summed over the ${outputs}, mean over predictions`),
    '',
    `${styleText('bold', file)} · ${plural(plans.length, 'plan')}${own}`,
    `learned on ${plural(calibration.groups, 'group')}, chosen on ${calibration.tuning}, scored on ${calibration.heldBack} held back · seed ${calibration.seed}`
  ].join('\n')
}

function chosenText(plan: CalibratedCode): string {
  const { code, decoders, locator } = plan
  const smoothing = code.name === 'nercc' ? ` · λe ${power(code.lambdaEncode)}, λd ${power(code.lambdaDecode)}` : ''
  const better = decoders.map(({ survivors, decoder, epsilon }) =>
    decoder === 'linear' ? `plain at ${survivors}` : `covariance at ${survivors}, ε ${epsilon}`
  )
  const alarms = `${(100 * locator.falseAlarms).toFixed(2)}% of honest results would be taken to be wrong`
  return `${planText(plan)}${smoothing}\ndecoder: ${better.join('; ')} · ${alarms}`
}

const FIGURES: ReadonlyArray<{ title: string; of: (score: Score) => string | undefined }> = [
  { title: 'error', of: ({ mse }) => mse?.toPrecision(3) },
  { title: 'agreement', of: ({ agreement }) => agreement?.toFixed(3) },
  { title: 'accuracy', of: ({ accuracy }) => accuracy?.toFixed(3) }
]

function scoreTable(scores: readonly SurvivorScore[]): string {
  const known = FIGURES.filter(({ of }) => scores.some(({ covariance }) => of(covariance) !== undefined))
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
      ...known.flatMap(({ of }) => [linear, covariance].map(score => of(score) ?? '–'))
    ])
  return table(columns, rows)
}

function power(lambda = 0): string {
  return lambda === 0 ? '0' : lambda.toExponential()
}
