import type { ShrunkProfile } from '../../src/profiles/index.ts'
import { calibrateShrunk } from '../calibrate-shrunk.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { graphAsked, saveGraph } from './calibrate-graph.ts'
import { dataQueries } from './data-queries.ts'
import { interruptible } from './interruption.ts'

/** Makes a description of the model, if one is better than copies; writes it and its profile beside it, and prints what it is. */
export async function describeShrunk(options: CalibrateCommandOptions): Promise<void> {
  const { model, stem } = graphAsked(options, 'a description is made', 'description')
  const made = await interruptible(async signal => {
    const data = await dataQueries(options.data, model)
    return calibrateShrunk({ model, data, output: options.output, signal })
  })
  if (made === undefined) {
    console.log(options.json ? '{"profile":null}' : `${model.name}: no smaller image tells enough; copies are better`)
    return
  }
  await saveGraph(made, stem, options, worthText)
}

function worthText({ view, together, agreement, queries }: ShrunkProfile, stem: string): string {
  const edges = view.seen === 1 ? '' : `, ${(100 * (1 - view.seen)).toFixed(1)}% of each side cut off`
  return (
    `${together} queries in a run, at ${view.height}×${view.width}${edges}: the model's class for ${agreement.toFixed(3)} of ${queries}\n` +
    `${stem}.onnx for workers to serve, ${stem}.json for infer --description`
  )
}
