import path from 'node:path'
import type { ShrunkProfile } from '../../src/profiles/index.ts'
import { calibrateShrunk } from '../calibrate-shrunk.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { dataQueries } from './data-queries.ts'
import { UsageError } from './errors.ts'
import { interruptible } from './interruption.ts'
import { saveBytes, saveText } from './save.ts'

/** Makes a description of the model, if one is better than copies; writes it and its profile beside it, and prints what it is. */
export async function describeShrunk(options: CalibrateCommandOptions): Promise<void> {
  const { model: file, n, parity, peer, mdns, output } = options
  if (n !== undefined || parity !== undefined || peer !== undefined || mdns === true) {
    throw new UsageError(
      'a description is made on this machine, to stand beside copies: leave out --n, --parity, --peer, --mdns'
    )
  }
  const name = path.basename(file, '.onnx')
  const stem = (options.out ?? `${name}.description`).replace(/\.json$/, '')
  const deployed = { name, path: file }
  const made = await interruptible(async signal => {
    const data = await dataQueries(options.data, deployed)
    return calibrateShrunk({ model: deployed, data, output, signal })
  })
  if (made === undefined) {
    console.log(options.json ? '{"profile":null}' : `${name}: no smaller image tells enough; copies are better`)
    return
  }
  await saveBytes(`${stem}.onnx`, made.file)
  await saveText(`${stem}.json`, JSON.stringify(made.profile))
  console.log(
    options.json ? JSON.stringify({ file: `${stem}.json`, profile: made.profile }) : worthText(made.profile, stem)
  )
}

function worthText({ view, together, agreement, queries }: ShrunkProfile, stem: string): string {
  const edges = view.seen === 1 ? '' : `, ${(100 * (1 - view.seen)).toFixed(1)}% of each side cut off`
  return (
    `${together} queries in a run, at ${view.height}×${view.width}${edges}: the model's class for ${agreement.toFixed(3)} of ${queries}\n` +
    `${stem}.onnx for workers to serve, ${stem}.json for infer --description`
  )
}
