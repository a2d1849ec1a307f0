import type { ExitsProfile } from '../../src/profiles/index.ts'
import { calibrateExits } from '../calibrate-exits.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { graphAsked, saveGraph } from './calibrate-graph.ts'
import { dataQueries } from './data-queries.ts'
import { interruptible } from './interruption.ts'
import { table } from './table.ts'

/** Gives the model exits, writes it and their profile, and prints what they are worth. */
export async function calibrateModelExits(options: CalibrateCommandOptions, at: number[] | true): Promise<void> {
  const { model, stem } = graphAsked(options, 'exits are fitted', 'exits')
  const made = await interruptible(async signal => {
    const data = await dataQueries(options.data, model)
    return calibrateExits({ model, data, at: at === true ? undefined : at, output: options.output, signal })
  })
  await saveGraph(made, stem, options, worthText)
}

function worthText({ exits, queries }: ExitsProfile, stem: string): string {
  const columns = ['exit', 'work done', 'agreement', 'least sure', 'surest', 'error'].map((title, i) => ({
    title,
    align: i > 0 ? ('right' as const) : undefined
  }))
  const rows = exits.map(({ output, at, agreements, error }) => {
    const mean = agreements.reduce((sum, each) => sum + each, 0) / agreements.length
    const shares = [mean, agreements[0], agreements[agreements.length - 1]].map(each => each.toFixed(3))
    return [output, `${(100 * at).toFixed(1)}%`, ...shares, error.toPrecision(3)]
  })
  return (
    `${table(columns, rows)}\n` +
    `${stem}.onnx for workers to serve in place of the model, ${stem}.json for infer --exits · judged by ${queries} queries`
  )
}
