import { random, shuffled } from '../../src/chance/index.ts'
import { type Survivors, softmax, whole } from '../../src/codes/index.ts'
import type { Decoded, Plan } from '../../src/inference/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { drawGroups, drawSurvivors } from './draws.ts'
import type { LearnedModels } from './learned-models.ts'
import type { LearnedCell, Way } from './learned-plans.ts'
import { floats } from './models.ts'
import { type Estimate, mean, ratio, scoreQuery, type Trial } from './score.ts'

/** Straggler sets of each group where several straggle. */
const SETS = 4
const STREAMS = { groups: 41, survivors: 42 }

export interface LearnedRow extends LearnedCell {
  deployed: string
  method: string
  /** By which its companion was trained, where that is not the one that is shipped. */
  seed?: number
  /** Of `auto`: the method that the advisor recommends. */
  chosen?: string
  /** Accuracy of all predictions, and of those that are not exact; a lost one counts as a guess. */
  accuracy: Estimate
  degraded: Estimate
  relAcc: Estimate
  /** ‖p − f‖² on probabilities, over all. */
  mse: Estimate
  /** Of those that are neither exact nor lost: how often their class is the model's own; and how often that was said. */
  agreement?: Estimate
  said?: number
  /** For each query beside its own run and its own bytes: multiply-adds in runs of the deployed model, and bytes of inputs that are sent. */
  extra: Extra
}

interface Extra {
  workers: number
  master: number
  bytes: number
}

interface LearnedTrial extends Trial {
  source: Decoded['source'] | 'lost'
  said?: number
}

/** What the ways of a cell are scored on. */
export interface Asked {
  models: Pick<LearnedModels, 'macs' | 'run'>
  /** Which images each group has, and which of its workers answer. */
  groups: ReadonlyArray<{ members: readonly number[]; survivors: readonly Survivors[] }>
  images: readonly Tensor[]
  own: readonly Float32Array[]
  labels: ArrayLike<number>
}

export function drawCell(
  { k, n, stragglers }: LearnedCell,
  images: number,
  { seed, queries }: { seed: number; queries: number }
): Asked['groups'] {
  const chance = random(seed, STREAMS.groups)
  const count = Math.floor(Math.min(queries, images) / k)
  const draws = drawGroups(shuffled(Array(images).keys(), chance), { k, count }, chance)
  const init = { groups: count, sets: SETS, seed, stream: STREAMS.survivors }
  const drawn = stragglers === 1 ? undefined : drawSurvivors(n, stragglers, init)
  const everyone = Array.from({ length: n }, (_, i) => i)
  const inTurn = everyone.map(straggler => everyone.filter(i => i !== straggler))
  return draws.map((members, g) => ({ members, survivors: drawn?.[g] ?? inTurn }))
}

/** Every group under every set of survivors, through the plans of a way and their decoders. */
export async function rowOf(way: Way, { k, n }: LearnedCell, asked: Asked) {
  const { parts, method, seed } = way
  const trials: LearnedTrial[] = []
  const extra: Extra = { workers: 0, master: 0, bytes: 0 }
  const queries = k * asked.groups.length
  for (const [unit, group] of asked.groups.entries()) {
    for (let part = 0; part < parts; part++) {
      const members = group.members.slice((part * k) / parts, ((part + 1) * k) / parts)
      const workers = { from: (part * n) / parts, to: ((part + 1) * n) / parts }
      const plan = way.plan()
      const results = await resultsOf(plan, members, way, asked)
      const costs = await costsOf(plan, asked.models)
      for (const what of ['workers', 'master', 'bytes'] as const) extra[what] += costs[what] / queries
      for (const survivors of group.survivors) {
        const arrived = survivors.filter(i => i >= workers.from && i < workers.to).map(i => i - workers.from)
        const decoded = decode(plan, results, arrived)
        trials.push(...members.map((image, q) => trial(decoded[q], image, { unit, way, asked })))
      }
    }
  }
  return { method, ...(seed !== undefined && { seed }), ...summary(trials), extra }
}

/** What all tasks of a group give. */
async function resultsOf(
  plan: Plan,
  members: readonly number[],
  { output }: Way,
  { images, own, models }: Asked
): Promise<Map<number, Tensor>> {
  for (const image of members) plan.add({ image: images[image] })
  plan.close()
  while (plan.encodeNext() !== undefined);
  const results = new Map<number, Tensor>()
  // The list grows as a plan learns.
  for (const task of plan.tasks) {
    const known = own[members[task.queries[0]]]
    const answer = output === 'logits' ? known : known && softmax(known)
    const result = task.role === 'query' ? Tensor.float32(answer, [1, answer.length]) : await models.run(task)
    results.set(task.index, result)
    plan.learn(task.index, result)
  }
  return results
}

/** The predictions of a group from those of its workers that answer, and from the master. */
function decode(plan: Plan, results: ReadonlyMap<number, Tensor>, arrived: Survivors) {
  const workers = plan.tasks.filter(({ runner }) => runner === 'worker').map(({ index }) => index)
  const heard = new Set(arrived.map(i => workers[i]))
  return whole(plan.decoding(new Map([...results].filter(([index]) => heard.has(index) || !workers.includes(index)))))
}

function trial(
  decoded: Decoded | undefined,
  image: number,
  { unit, way, asked: { own, labels } }: { unit: number; way: Way; asked: Asked }
): LearnedTrial {
  const values = decoded && floats(decoded.output)
  const predicted = values && (way.output === 'logits' ? softmax(values) : values)
  const scored = scoreQuery(predicted, softmax(own[image]), labels[image])
  return { unit, source: decoded?.source ?? 'lost', said: decoded?.expected?.agreement, ...scored }
}

/** What the tasks of a group cost beside one run of the deployed model, and one query's bytes, for each query. */
async function costsOf({ tasks, size, spec }: Plan, models: Asked['models']): Promise<Extra> {
  const ownRun = await models.macs(spec.model, 1)
  const costs = { workers: -size, master: 0, bytes: 0 }
  for (const { model, inputs, runner } of tasks) {
    const [input] = Object.values(inputs)
    costs[runner === 'worker' ? 'workers' : 'master'] += (await models.macs(model, input.shape[0])) / ownRun
    if (runner === 'worker') costs.bytes += input.byteLength
  }
  const [{ inputs }] = tasks
  costs.bytes -= size * Object.values(inputs)[0].byteLength
  return costs
}

function summary(trials: readonly LearnedTrial[]) {
  const other = trials.filter(({ source }) => source !== 'exact')
  const given = other.filter(({ source }) => source !== 'lost')
  const said = given.flatMap(each => each.said ?? [])
  return {
    accuracy: ratio(trials, ({ right }) => right),
    relAcc: ratio(
      trials,
      ({ right }) => right,
      ({ own }) => own
    ),
    degraded: ratio(other, ({ right }) => right),
    mse: ratio(trials, ({ squaredError }) => squaredError),
    ...(given.length > 0 && { agreement: ratio(given, ({ agrees }) => agrees) }),
    ...(said.length > 0 && { said: mean(said) })
  }
}
