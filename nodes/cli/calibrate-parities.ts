import path from 'node:path'
import type { ParityProfile } from '../../src/companions/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { calibrateParities } from '../calibrate-parities.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { UsageError } from './errors.ts'
import { npyQueries, readInputs } from './inputs.ts'
import { interruptible } from './interruption.ts'
import { saveText } from './save.ts'
import { table } from './table.ts'

/** Learns what parity models are worth, writes their profile, and prints it. */
export async function calibrateParityModels(options: CalibrateCommandOptions, files: readonly string[]): Promise<void> {
  const { k: ks = [], n, peer, mdns, model: file, threads, seed, output } = options
  const [k, ...others] = ks
  if (k === undefined || others.length > 0 || n !== undefined || peer !== undefined || mdns === true) {
    throw new UsageError(
      'parity models are calibrated on this machine for one --k, and n follows from how many they are'
    )
  }
  const inputs = await readInputs([options.data])
  const paths = [file, ...files]
  const executor = onnxExecutor({
    models: paths.map(each => ({ name: path.basename(each, '.onnx'), path: each })),
    threads
  })
  const profile = await interruptible(async signal => {
    try {
      await executor.start()
      const [model, ...parities] = executor.models
      const data = npyQueries(inputs, model).map(({ tensor }) => tensor)
      const asked = { model: model.id, parities: parities.map(({ id }) => id), k, seed, output }
      return await calibrateParities({ executor, data, ...asked, signal })
    } finally {
      await executor.stop()
    }
  })
  const out = options.out ?? `${path.basename(file, '.onnx')}.parity-k${k}.json`
  await saveText(out, JSON.stringify(profile))
  console.log(options.json ? JSON.stringify({ file: out, profile }) : worthText(profile, out))
}

function worthText({ missing, k, groups }: ParityProfile, file: string): string {
  const columns = [{ title: 'missing' }, ...['error', 'agreement'].map(title => ({ title, align: 'right' as const }))]
  const rows = missing.map(({ error, agreement }, i) => [
    `${i + 1} of ${k}`,
    error.toPrecision(3),
    agreement === undefined ? '–' : agreement.mean.toFixed(3)
  ])
  return `${table(columns, rows)}\n${file} · learned on ${groups} groups`
}
