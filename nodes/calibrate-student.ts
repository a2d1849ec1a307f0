import { median, quantileSorted } from 'simple-statistics'
import { codeFamily, learnConfidence, readLogits, regret } from '../src/codes/index.ts'
import type { Model } from '../src/models/index.ts'
import type { StudentProfile } from '../src/profiles/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import type { Tensor } from '../src/tensor/index.ts'
import { type ModelRun, runAll } from './calibration-groups.ts'
import { InvalidOptionError } from './errors.ts'
import { checkQueries, chooseOutput, type Queries } from './queries.ts'
import { servedModel } from './served-model.ts'

export interface CalibrateStudentInit {
  /** Runs both models; started, and left running. */
  executor: Pick<Executor, 'models' | 'slots' | 'run'>
  /** The deployed model and the small one: a name, `name@` and the first digits of an id, or an id. Each has one input. */
  model: string
  student: string
  /** Queries like those that will be asked; not ones that the student was fitted to. */
  data: Queries
  /** The outputs with their logits. @default 'logits' if there is one, else the first */
  output?: string
  studentOutput?: string
  signal?: AbortSignal
}

/** Fewer queries say next to nothing of how sure is sure. */
const LEAST = 100
/** Runs of each model on one query, in turns, that are timed. */
const TIMED = 15
/** Of the agreement that is expected. */
const QUANTILES = 20

/**
 * Learns what the answers of a small model are worth beside those of the deployed one, on queries without labels.
 *
 * @throws {InvalidOptionError} there are fewer than 100 queries, no such models or outputs, or their classes differ in number
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit both models
 * @throws {RunFailedError} a model fails on a query
 */
export async function calibrateStudent(init: CalibrateStudentInit): Promise<StudentProfile> {
  const { executor, data, signal } = init
  const deployed = runOf(init, modelOf(executor, init.model), init.output)
  const student = runOf(init, modelOf(executor, init.student), init.studentOutput)
  const queries = await queriesFor(data, deployed.model)
  // They are the same tensors under another name, if the student takes them at all.
  const small = await queriesFor(data, student.model)
  if (queries.length < LEAST) {
    throw new InvalidOptionError(`a student is judged by at least ${LEAST} queries, got ${queries.length}`)
  }
  const own = await runAll(deployed, queries)
  const answers = await runAll(student, small)
  const [{ length: width }] = own
  if (width < 2 || answers[0].length !== width) {
    throw new InvalidOptionError(
      `a student names the same classes as its model: ${student.output} of '${student.model.name}' has ` +
        `${answers[0].length} values, ${deployed.output} of '${deployed.model.name}' has ${width}`
    )
  }
  const worth = studentWorth(answers, own)
  signal?.throwIfAborted()
  return {
    version: 1,
    model: deployed.model.id,
    student: student.model.id,
    output: deployed.output,
    studentOutput: student.output,
    width,
    cost: await costOf({ run: student, query: small[0] }, { run: deployed, query: queries[0] }),
    ...worth
  }
}

/**
 * What the answers of a small model are worth beside those of the deployed one.
 *
 * @param answers logits, to queries that it was not fitted to
 * @param own the deployed model's
 * @throws {GroupSizeError} there are none, or not as many of both
 */
export function studentWorth(
  answers: readonly Float32Array[],
  own: readonly Float32Array[]
): Pick<StudentProfile, 'confidence' | 'agreements' | 'regret' | 'error' | 'queries'> {
  const confidence = learnConfidence(answers, own)
  const expected = answers.map(answer => readLogits(confidence, answer).expected)
  const agreements = expected.map(({ agreement = 0 }) => agreement).sort((a, b) => a - b)
  return {
    confidence,
    agreements: Array.from({ length: QUANTILES }, (_, i) => quantileSorted(agreements, (i + 0.5) / QUANTILES)),
    regret: regret(answers, own),
    error: expected.reduce((sum, { error }) => sum + error, 0) / expected.length,
    queries: answers.length
  }
}

function modelOf({ models }: Pick<Executor, 'models'>, asked: string): Model {
  const model = servedModel([{ models }], asked)
  if (model === undefined) {
    throw new InvalidOptionError(`the executor has no model '${asked}'`)
  }
  return model
}

function runOf({ executor, signal }: CalibrateStudentInit, model: Model, output: string | undefined): ModelRun {
  return { executor, model, output: chooseOutput(model, codeFamily('replication'), output), signal }
}

async function queriesFor(data: Queries, model: Model): Promise<Tensor[]> {
  const [input] = model.signature.inputs
  return (await checkQueries(data, model)).map(query => query[input.name])
}

/** The median time of one on a query, as a share of that of the other. */
async function costOf(one: Timed, other: Timed): Promise<number> {
  const times: Record<'one' | 'other', number[]> = { one: [], other: [] }
  for (let i = 0; i < TIMED; i++) {
    times.one.push(await timeOf(one))
    times.other.push(await timeOf(other))
  }
  return median(times.one) / median(times.other)
}

interface Timed {
  run: ModelRun
  query: Tensor
}

async function timeOf({ run, query }: Timed): Promise<number> {
  const began = performance.now()
  await runAll(run, [query])
  return performance.now() - began
}
