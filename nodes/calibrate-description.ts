import { random } from '../src/chance/index.ts'
import { learnConfidence, readLogits, regret } from '../src/codes/index.ts'
import { mosaic } from '../src/companions/index.ts'
import type { DescriptionProfile } from '../src/profiles/index.ts'
import { drawGroups, runAll } from './calibration-groups.ts'
import { type CompanionRuns, judgingQueries, requireAlike, runOf } from './companion-run.ts'
import { InvalidOptionError } from './errors.ts'
import type { Queries } from './queries.ts'

export interface CalibrateDescriptionInit extends CompanionRuns {
  /** The deployed model: a name, `name@` and the first digits of an id, or an id. Its one input is an image. */
  model: string
  /** The description model: its input is such an image too, a mosaic, and its output has a row of logits for each tile. */
  description: string
  /** Queries to a side of the mosaic: its square is how many there are. */
  side: number
  /** Queries like those that will be asked, at least 100; not ones that the description model learned from. */
  data: Queries
  /** The outputs with their logits. @default 'logits' if there is one, else the first */
  output?: string
  descriptionOutput?: string
  /** @default 1000 */
  groups?: number
  /** @default 1 */
  seed?: number
}

/**
 * Learns what the answers of a description model are worth, on mosaics of queries without labels.
 *
 * @throws {InvalidOptionError} there are fewer than 100 queries, no such models or outputs, or not a row like the model's for each tile
 * @throws {ShapeMismatchError} the queries are no images whose sides can be divided so
 * @throws {DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit the model
 * @throws {RunFailedError} a model fails on a query
 */
export async function calibrateDescription(init: CalibrateDescriptionInit): Promise<DescriptionProfile> {
  const { side, data, groups: count = 1000, seed = 1 } = init
  const deployed = runOf(init, init.model, init.output)
  const description = runOf(init, init.description, init.descriptionOutput)
  const queries = await judgingQueries(data, deployed.model)
  const groups = drawGroups([...queries.keys()], side * side, count, random(seed))
  const own = await runAll(deployed, queries)
  const tiles = groups.map(group =>
    mosaic(
      group.map(query => queries[query]),
      { rows: side, columns: side }
    )
  )
  const answers = (await runAll(description, tiles)).flatMap(answer => rowsOf(answer, side * side))
  requireAlike(own[0], answers[0])
  const asked = groups.flat().map(query => own[query])
  const confidence = learnConfidence(answers, asked)
  const expected = answers.map(answer => readLogits(confidence, answer).expected)
  return {
    version: 1,
    model: deployed.model.id,
    output: deployed.output,
    description: description.model.id,
    descriptionOutput: description.output,
    side,
    confidence,
    agreement: mean(expected.map(({ agreement = 0 }) => agreement)),
    regret: regret(answers, asked),
    error: mean(expected.map(({ error }) => error)),
    groups: groups.length
  }
}

function rowsOf(answer: Float32Array, count: number): Float32Array[] {
  const width = answer.length / count
  if (!Number.isInteger(width)) {
    throw new InvalidOptionError(`a mosaic of ${count} queries has as many rows of logits; got ${answer.length} values`)
  }
  return Array.from({ length: count }, (_, i) => answer.slice(i * width, (i + 1) * width))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
