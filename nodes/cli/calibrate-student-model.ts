import path from 'node:path'
import { random, shuffled } from '../../src/chance/index.ts'
import { codeFamily } from '../../src/codes/index.ts'
import type { Model } from '../../src/models/index.ts'
import type { StudentProfile } from '../../src/profiles/index.ts'
import { type OnnxExecutor, type OnnxModel, onnxExecutor } from '../../src/runtime/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { calibrateStudent } from '../calibrate-student.ts'
import { runAll } from '../calibration-groups.ts'
import { InvalidOptionError } from '../errors.ts'
import { type FitStudentInit, fitStudent } from '../fit-student.ts'
import { chooseOutput } from '../queries.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { UsageError } from './errors.ts'
import { npyQueries, readInputs } from './inputs.ts'
import { interruptible } from './interruption.ts'
import { saveBytes, saveText } from './save.ts'
import { table } from './table.ts'

/** Of the data, one query in so many judges a student that is fitted to the others. */
const JUDGING = 4

/** Fits a student, unless a small model is given; learns what it is worth, writes its profile beside it, and prints it. */
export async function calibrateStudentModel(options: CalibrateCommandOptions, given: string | true): Promise<void> {
  const { model: file, n, parity, peer, mdns, out, output, seed } = options
  if (n !== undefined || parity !== undefined || peer !== undefined || mdns === true) {
    throw new UsageError(
      'a student is calibrated on this machine, beside copies: leave out --n, --parity, --peer, --mdns'
    )
  }
  if (given !== true && out !== undefined) {
    throw new UsageError('the profile of a small model is written beside it, under its name: leave out --out')
  }
  const profileFile = out ?? (given === true ? `${withoutEnding(path.basename(file))}.student` : withoutEnding(given))
  const stem = profileFile.replace(/\.json$/, '')
  const inputs = await readInputs([options.data])
  const deployed = { name: 'deployed', path: file }
  const student = { name: 'student', path: given === true ? `${stem}.onnx` : given }
  const profile = await interruptible(async signal => {
    const queriesOf = (model: Model): Tensor[] =>
      shuffled(npyQueries(inputs, model), random(seed)).map(({ tensor }) => tensor)
    if (given === true) {
      await running([deployed], options, async executor => {
        const [model] = executor.models
        const queries = queriesOf(model).filter((_, i) => i % JUDGING !== 0)
        const asked = { executor, model, output: chooseOutput(model, codeFamily('replication'), output), signal }
        const numbers = queries.map(({ data }) => Float32Array.from(data, Number))
        const fit = { queries: numbers, shape: shapeOf(model), logits: await runAll(asked, queries), seed }
        await saveBytes(student.path, await fitStudent(fit))
      })
    }
    return running([deployed, student], options, async executor => {
      const [model, small] = executor.models
      const data = queriesOf(model).filter((_, i) => given !== true || i % JUDGING === 0)
      return calibrateStudent({ executor, model: model.id, student: small.id, data, output, signal })
    })
  })
  await saveText(`${stem}.json`, JSON.stringify(profile))
  console.log(options.json ? JSON.stringify({ file: `${stem}.json`, profile }) : worthText(profile, `${stem}.json`))
}

async function running<T>(
  models: OnnxModel[],
  { threads }: CalibrateCommandOptions,
  use: (executor: OnnxExecutor) => Promise<T>
): Promise<T> {
  const executor = onnxExecutor({ models, threads })
  try {
    await executor.start()
    return await use(executor)
  } finally {
    await executor.stop()
  }
}

/** Three axes are an image's, channels first. */
function shapeOf({ name, signature: { inputs } }: Model): FitStudentInit['shape'] {
  const axes = inputs[0].shape.slice(1).flatMap(length => length ?? [])
  if (axes.length + 1 !== inputs[0].shape.length) {
    throw new InvalidOptionError(
      `a student is fitted to queries of one shape, and '${name}' takes [${inputs[0].shape.join(', ')}]: give a small model, --student small.onnx`
    )
  }
  const [channels, height, width] = axes
  return axes.length === 3 ? { channels, height, width } : axes
}

function withoutEnding(file: string): string {
  return file.replace(/\.onnx$/, '')
}

function worthText({ agreements, cost, error, queries }: StudentProfile, file: string): string {
  const mean = agreements.reduce((sum, each) => sum + each, 0) / agreements.length
  const columns = ['agreement', 'least sure', 'surest', 'error', 'cost'].map(title => ({
    title,
    align: 'right' as const
  }))
  const [least, most] = [agreements[0], agreements[agreements.length - 1]]
  const row = [...[mean, least, most].map(each => each.toFixed(3)), error.toPrecision(3), `${(100 * cost).toFixed(1)}%`]
  return `${table(columns, [row])}\n${file} · judged by ${queries} queries; cost is time, of the model's own`
}
