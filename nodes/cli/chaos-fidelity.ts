import { type Fidelity, holds, type Quantiles } from '../chaos/fit.ts'

/** The columns of a table of predictions. */
export const FIDELITY = ['scenario', 'plan', '', 'fitted on, ms', 'predicted', 'actual', 'off by', 'predicts well']

const QUANTILES: ReadonlyArray<keyof Quantiles> = ['p50', 'p90']

export function fidelityRows(fidelity: readonly Fidelity[]): string[][] {
  return fidelity.flatMap(each =>
    QUANTILES.map(quantile => {
      const { scenario, plan, fittedOn, predicted, actual } = each
      const times = [fittedOn, predicted, actual].map(quantiles => quantiles[quantile].toFixed(1))
      const off = (100 * Math.abs(predicted[quantile] - actual[quantile])) / actual[quantile]
      return [scenario, plan, quantile, ...times, `${off.toFixed(0)}%`, holds(each, quantile) ? 'yes' : 'no']
    })
  )
}
