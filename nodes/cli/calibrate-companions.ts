import path from 'node:path'
import type { ModelId } from '../../src/models/index.ts'
import type { DescriptionProfile, ParityProfile } from '../../src/profiles/index.ts'
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
  const {
    parity: parities = [],
    mosaic,
    encoder,
    concatenate,
    model: file,
    k: ks = [],
    n,
    peer,
    mdns,
    seed,
    output
  } = options
  const [k, ...others] = ks
  const elsewhere = peer !== undefined || mdns === true
  if (k === undefined || others.length > 0 || n !== undefined || elsewhere || (mosaic && parities.length > 0)) {
    throw new UsageError(
      'give one --k, either --parity or --mosaic, and no --n: companions are calibrated on this machine'
    )
  }
  const side = Math.sqrt(k)
  if (mosaic !== undefined && !Number.isInteger(side)) {
    throw new UsageError(`a mosaic has as many rows as columns, so --k is 4, 9, 16 …; got ${k}`)
  }
  const out = options.out ?? `${path.basename(file, '.onnx')}.${mosaic === undefined ? 'parity' : 'mosaic'}-k${k}.json`
  const files = [file, ...parities, mosaic, encoder].filter(each => each !== undefined)
  const profile = await running(options, files, async ({ idOf, ...how }) => {
    const asked = { ...how, model: idOf(file), seed, output }
    return mosaic === undefined
      ? calibrateParities({
          ...asked,
          k,
          parities: parities.map(idOf),
          encoder: encoder && idOf(encoder),
          concatenated: concatenate
        })
      : calibrateDescription({ ...asked, side, description: idOf(mosaic) })
  })
  await saveText(out, JSON.stringify(profile))
  console.log(options.json ? JSON.stringify({ file: out, profile }) : worthText(profile, out))
}

interface Asked extends CompanionRuns {
  idOf(file: string): ModelId
  data: Tensor[]
}

/** Has the models of these files, the deployed one first, run on this machine. */
async function running<T>(
  { data: file, threads }: CalibrateCommandOptions,
  paths: readonly string[],
  use: (asked: Asked) => Promise<T>
): Promise<T> {
  const inputs = await readInputs([file])
  // One file may be given twice: in Coded-InvNet the deployed model is its own parity model.
  const models = [...new Set(paths)].map(each => ({ name: each, path: each }))
  const executor = onnxExecutor({ models, threads })
  const modelOf = (file: string) => executor.models[models.findIndex(({ name }) => name === file)]
  return interruptible(async signal => {
    try {
      await executor.start()
      const data = npyQueries(inputs, executor.models[0]).map(({ tensor }) => tensor)
      return await use({ executor, signal, data, idOf: each => modelOf(each).id })
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
