import type { LearnedCell } from './learned-plans.ts'
import type { LearnedRow } from './learned-row.ts'
import { mean } from './score.ts'

/** What several trainings of one companion, which differ in their seeds, have in a cell. */
export interface LearnedTrainings extends LearnedCell {
  deployed: string
  method: string
  count: number
  accuracy: Spread
  degraded: Spread
  mse: Spread
}

interface Spread {
  mean: number
  least: number
  most: number
}

/** Of each method whose companion was trained more than once. */
export function overTrainings(rows: readonly LearnedRow[]): LearnedTrainings[] {
  const companions = rows.filter(({ chosen }) => chosen === undefined)
  const same = Map.groupBy(companions, ({ deployed, k, n, stragglers, method }) =>
    [deployed, k, n, stragglers, method].join()
  )
  return [...same.values()].flatMap(trainings => {
    const [{ deployed, k, n, stragglers, method }] = trainings
    const spread = (what: 'accuracy' | 'degraded' | 'mse') => spreadOf(trainings.map(row => row[what].value))
    const figures = { accuracy: spread('accuracy'), degraded: spread('degraded'), mse: spread('mse') }
    return trainings.length < 2 ? [] : [{ deployed, k, n, stragglers, method, count: trainings.length, ...figures }]
  })
}

function spreadOf(values: readonly number[]): Spread {
  return { mean: mean(values), least: Math.min(...values), most: Math.max(...values) }
}
