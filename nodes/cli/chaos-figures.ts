import type { Source } from '../../src/inference/index.ts'
import type { Figures, PlanReport, RunFigures } from '../../src/simulation/index.ts'
import { bytes } from './quantities.ts'

/** A column of a table of plans. */
export interface FigureColumn<T> {
  title: string
  of(figures: T): string
}

/** What is said of a plan, over a whole run or in one phase of it. */
export const PHASE_FIGURES: ReadonlyArray<FigureColumn<Figures>> = [
  { title: 'answered', of: ({ answered, queries }) => percent(answered / queries) },
  { title: 'right', of: ({ overallAccuracy }) => percent(overallAccuracy) },
  { title: 'of reconstructed', of: ({ degradedAccuracy }) => percent(degradedAccuracy) },
  { title: 'exact', of: ({ exactShare }) => percent(exactShare) },
  { title: 'p50', of: ({ latencyMs }) => latencyMs.p50.toFixed(0) },
  { title: 'p90', of: ({ latencyMs }) => latencyMs.p90.toFixed(0) },
  { title: 'p99', of: ({ latencyMs }) => latencyMs.p99.toFixed(0) },
  { title: 'p99.9 ms', of: ({ latencyMs }) => latencyMs.p999.toFixed(0) },
  { title: 'goodput /s', of: ({ goodput }) => goodput.toFixed(1) },
  { title: 'tasks', of: ({ tasksPerQuery }) => tasksPerQuery.toFixed(2) },
  { title: 'sent', of: ({ bytesPerQuery }) => bytes(Math.round(bytesPerQuery)) }
]

/** What is said of a plan over a whole run. */
export const FIGURES: ReadonlyArray<FigureColumn<RunFigures>> = [
  ...PHASE_FIGURES,
  { title: 'runs wasted', of: ({ runs, wastedRuns }) => percent(runs === 0 ? 0 : wastedRuns / runs) }
]

const MADE_BY: ReadonlyArray<[Source, string]> = [
  ['description', 'by a description'],
  ['student', "the student's"],
  ['exit', 'by an exit']
]

/** How much companions and exits answered, in a line for each plan that has any. */
export function companionsText(plans: readonly PlanReport[]): string[] {
  return plans.flatMap(({ plan, answered, sources, studentOnShare }) => {
    const shares = MADE_BY.flatMap(([source, by]) => {
      const count = sources[source]
      return count === undefined ? [] : `${percent(count / answered)} of the predictions are ${by}`
    })
    const on = studentOnShare === undefined ? [] : [`the student was on for ${percent(studentOnShare)} of the queries`]
    const said = [...shares, ...on]
    return said.length === 0 ? [] : `${plan}: ${said.join('; ')}`
  })
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(1)}%`
}
