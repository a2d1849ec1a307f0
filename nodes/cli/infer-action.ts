import { writeFile } from 'node:fs/promises'
import { styleText } from 'node:util'
import { codeFamily } from '../../src/codes/index.ts'
import type { Variants } from '../../src/models/index.ts'
import type { ParityProfile } from '../../src/profiles/index.ts'
import type { OnnxModel } from '../../src/runtime/index.ts'
import { formatNpy } from '../../src/tensor/index.ts'
import type { Answer } from '../calls.ts'
import type { InferRequest } from '../coded-inference.ts'
import type { Peer } from '../peer.ts'
import { chooseOutput } from '../queries.ts'
import { type ReadableAnswer, readable } from './answer.ts'
import { answerJson } from './answer-json.ts'
import { answerText } from './answer-text.ts'
import { askedModel, serving } from './asked-model.ts'
import { codeChoice } from './code-choice.ts'
import { readCompanion } from './companions.ts'
import { OutputFileError } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { askerOf } from './fleet.ts'
import type { InferCommandOptions } from './infer.ts'
import { queriesOf, readInputs } from './inputs.ts'
import { interruptible } from './interruption.ts'
import { checkPeerOptions } from './options.ts'
import { predictionRows } from './prediction-rows.ts'
import { readProfile, readText } from './profiles.ts'
import { reach } from './reach.ts'
import { modelBeside, type ReadStudent, readStudent } from './students.ts'
import { traceText } from './trace.ts'

/** The companion whose outputs say which queries are alike. */
const FEATURES = 'features'
/** From so many groups on it is worth to show how far it is. */
const MANY_GROUPS = 10

/** Asks workers for predictions on the inputs, and prints them. */
export async function infer(options: InferCommandOptions): Promise<void> {
  checkPeerOptions(options)
  const profile = options.profile === undefined ? undefined : await readProfile(options.profile)
  const student = options.student === undefined ? undefined : await readStudent(options.student)
  const [parity, description, exits] = await Promise.all([
    readCompanion(options.parity, profiles => profiles.parseParityProfile),
    readCompanion(options.description, profiles => profiles.parseDescription),
    readCompanion(options.exits, profiles => profiles.parseExitsProfile)
  ])
  const choice = codeChoice(options, { profile, student: student?.profile, parity, description, exits })
  const variants = options.variants === undefined ? undefined : await readVariants(options.variants)
  const [inputs, asked, labels] = await Promise.all([
    readInputs(options.input),
    askedModel(options.model),
    options.labels === undefined ? undefined : readLabels(options.labels)
  ])
  const { answer, reason } = await interruptible(async signal => {
    const { createPeer } = await import('../peer.ts')
    const peer = await createPeer({
      ...(await askerOf(options)),
      infer: { packing: options.wire },
      companions: companionsOf(options, { student, parity })
    })
    try {
      const model = await reach(peer, asked, choice.n, options, signal)
      const queries = await queriesOf(inputs, model, options)
      const { coded, reason } = choice.at(model, serving(peer.workers(), asked))
      const { concurrency, top } = options
      const features = options.features && FEATURES
      const request = {
        ...coded,
        features,
        variants,
        queries: queries.map(({ tensor }) => tensor),
        concurrency,
        signal
      }
      const names = queries.map(({ query }) => query)
      const output = chooseOutput(model, codeFamily(coded.code.name), coded.output)
      const answer = await ask(peer, request, queries.length, options)
      return { answer: readable(answer, names, model, { output, labels, top }), reason }
    } finally {
      await peer.stop()
    }
  })
  print(answer, options)
  if (reason !== undefined && !options.json) {
    console.log(styleText('dim', `chosen: ${reason}`))
  }
  if (options.save !== undefined) {
    await save(answer, options.save)
  }
  if (answer.summary.failed > 0) {
    process.exitCode = EXIT.incomplete
  }
}

/** What the master runs by itself: features, a student, and the encoder of parity queries, which lies beside their profile. */
function companionsOf(
  { features, parity: file }: InferCommandOptions,
  { student, parity }: { student?: ReadStudent; parity?: ParityProfile }
): OnnxModel[] | undefined {
  const own = features === undefined ? [] : [{ name: FEATURES, path: features }]
  const encoder =
    file === undefined || parity?.encoder === undefined ? [] : [{ name: 'encoder', path: modelBeside(file) }]
  const companions = [...(student ? [student.model] : []), ...own, ...encoder]
  return companions.length > 0 ? companions : undefined
}

async function readVariants(file: string): Promise<Variants> {
  const [text, { parseVariants }] = await Promise.all([
    readText(file, 'declaration of variants'),
    import('../variants.ts')
  ])
  return parseVariants(text)
}

async function readLabels(file: string): Promise<string[]> {
  const text = await readText(file, 'labels')
  return text.trimEnd().split(/\r?\n/)
}

async function ask(peer: Peer, request: InferRequest, queries: number, { json }: InferCommandOptions): Promise<Answer> {
  if (json || !process.stderr.isTTY || queries < MANY_GROUPS * (request.k ?? 1)) {
    return peer.infer(request)
  }
  const { withProgress } = await import('./progress.ts')
  return withProgress(peer.inferProgressively(request), queries)
}

function print(answer: ReadableAnswer, { json, trace }: InferCommandOptions): void {
  console.log(json ? answerJson(answer) : answerText(answer))
  if (trace && !json) {
    console.log(`\n${traceText(answer.groups)}`)
  }
}

async function save(answer: ReadableAnswer, file: string): Promise<void> {
  const rows = predictionRows(answer.outcomes.map(({ outcome }) => outcome))
  if (rows === undefined) {
    console.error(`${file} was not written: there is no prediction`)
    return
  }
  try {
    await writeFile(file, formatNpy(rows))
  } catch (cause) {
    throw new OutputFileError(`cannot write ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
