import { readFile } from 'node:fs/promises'
import { codeFamily } from '../src/codes/index.ts'
import { contentId } from '../src/models/index.ts'
import type { ExitsProfile } from '../src/profiles/index.ts'
import { type OnnxModel, onnxExecutor } from '../src/runtime/index.ts'
import { studentWorth } from './calibrate-student.ts'
import { runAll } from './calibration-groups.ts'
import { judgingQueries } from './companion-run.ts'
import { type FitExitsInit, fitExits } from './fit-exits.ts'
import { chooseOutput, type Queries } from './queries.ts'

export interface CalibrateExitsInit extends Pick<FitExitsInit, 'at'> {
  /** The deployed model. It has one input. */
  model: OnnxModel
  /** Queries like those that will be asked, without labels. */
  data: Queries
  /** The output with its logits. @default 'logits' if there is one, else the first */
  output?: string
  signal?: AbortSignal
}

/** A model with exits for workers to serve in place of the one without, and what the master has to know of them. */
export interface ModelWithExits {
  /** An ONNX file. */
  file: Uint8Array
  profile: ExitsProfile
}

/**
 * Gives the deployed model exits, and learns what they are worth; see {@link fitExits}.
 *
 * @throws {InvalidOptionError} there are fewer than 100 queries, or the model has exits
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit the model
 * @throws {ModelLoadError | RunFailedError | StudentFitError} the model cannot be run, or has no place for exits
 */
export async function calibrateExits(init: CalibrateExitsInit): Promise<ModelWithExits> {
  const { output, queries, logits } = await answered(init)
  const { file, exits } = await fitExits({ model: await readFile(init.model.path), queries, logits, at: init.at })
  const profile = {
    version: 1 as const,
    model: contentId(file),
    output,
    exits: exits.map(({ output: exit, at, answers }) => {
      const { confidence, agreements, regret, error } = studentWorth(answers, logits)
      return { output: exit, at, confidence, agreements, regret, error }
    }),
    queries: queries.length
  }
  return { file, profile }
}

/** The deployed model's own logits of all queries. */
async function answered({ model: deployed, data, output: asked, signal }: CalibrateExitsInit) {
  const executor = onnxExecutor({ models: [deployed] })
  try {
    await executor.start()
    const [model] = executor.models
    const output = chooseOutput(model, codeFamily('replication'), asked)
    const queries = await judgingQueries(data, model)
    return { output, queries, logits: await runAll({ executor, model, output, signal }, queries) }
  } finally {
    await executor.stop()
  }
}
