import path from 'node:path'
import type { DescriptionProfile, ParityProfile } from '../../src/companions/index.ts'
import type { ModelId } from '../../src/models/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { calibrateDescription } from '../calibrate-description.ts'
import { calibrateParities } from '../calibrate-parities.ts'
import type { CompanionRuns } from '../companion-run.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { UsageError } from './errors.ts'
import { npyQueries, readInputs } from './inputs.ts'
import { interruptible } from './interruption.ts'
import { saveText } from './save.ts'
import { table } from './table.ts'

/** Learns what parity models or a description model are worth, writes their profile, and prints it. */
export async function calibrateCompanions(options: CalibrateCommandOptions): Promise<void> {
  const { parity: parities = [], mosaic, model: file, k: ks = [], n, peer, mdns, seed, output } = options
  const [k, ...others] = ks
  if (
    k === undefined ||
    others.length > 0 ||
    n !== undefined ||
    peer !== undefined ||
    mdns === true ||
    (mosaic && parities.length > 0)
  ) {
    throw new UsageError(
      'give one --k, either --parity or --mosaic, and no --n: companions are calibrated on this machine'
    )
  }
  const side = Math.sqrt(k)
  if (mosaic !== undefined && !Number.isInteger(side)) {
    throw new UsageError(`a mosaic has as many rows as columns, so --k is 4, 9, 16 …; got ${k}`)
  }
  const out = options.out ?? `${path.basename(file, '.onnx')}.${mosaic === undefined ? 'parity' : 'mosaic'}-k${k}.json`
  const profile = await running(options, [file, ...(mosaic === undefined ? parities : [mosaic])], async asked => {
    const { model, companions, ...how } = asked
    return mosaic === undefined
      ? calibrateParities({ ...how, model, parities: companions, k, seed, output })
      : calibrateDescription({ ...how, model, description: companions[0], side, seed, output })
  })
  await saveText(out, JSON.stringify(profile))
  console.log(options.json ? JSON.stringify({ file: out, profile }) : worthText(profile, out))
}

interface Asked extends CompanionRuns {
  model: ModelId
  companions: ModelId[]
  data: Tensor[]
}

/** Has the models of these files, the deployed one first, run on this machine. */
async function running<T>(
  { data: file, threads }: CalibrateCommandOptions,
  paths: readonly string[],
  use: (asked: Asked) => Promise<T>
): Promise<T> {
  const inputs = await readInputs([file])
  const models = paths.map(each => ({ name: path.basename(each, '.onnx'), path: each }))
  const executor = onnxExecutor({ models, threads })
  return interruptible(async signal => {
    try {
      await executor.start()
      const [model, ...companions] = executor.models
      const data = npyQueries(inputs, model).map(({ tensor }) => tensor)
      return await use({ executor, signal, data, model: model.id, companions: companions.map(({ id }) => id) })
    } finally {
      await executor.stop()
    }
  })
}

function worthText(profile: ParityProfile | DescriptionProfile, file: string): string {
  const columns = ['what', 'error', 'agreement'].map((title, i) => ({
    title,
    align: i > 0 ? ('right' as const) : undefined
  }))
  const rows =
    'missing' in profile
      ? profile.missing.map(({ error, agreement }, i) => ({
          what: `${i + 1} of ${profile.k} missing`,
          error,
          agreement: agreement?.mean
        }))
      : [{ what: `${profile.side ** 2} in one run`, error: profile.error, agreement: profile.agreement }]
  const cells = rows.map(({ what, error, agreement }) => [what, error.toPrecision(3), agreement?.toFixed(3) ?? '–'])
  return `${table(columns, cells)}\n${file} · learned on ${profile.groups} groups`
}
