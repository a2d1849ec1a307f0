import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { calibrateDescription, calibrateParities, descriptionOf, parityPlan } from '../../nodes/index.ts'
import { codeFamily } from '../../src/codes/index.ts'
import { linearPlan, type Plan, type PlanTask, planSpec, sidePlan } from '../../src/inference/index.ts'
import type { Model } from '../../src/models/index.ts'
import { type OnnxExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { ReproduceError } from './errors.ts'
import { macsOf } from './macs.ts'

/** A method with companions that were trained for MNIST, by the names of their files. */
export interface LearnedMethod {
  title: string
  k: number
  deployed: string
  /** What is learned of the deployed model. */
  output: 'softmax' | 'logits'
  parity?: string
  encoder?: string
  mosaic?: string
}

export const METHODS: readonly LearnedMethod[] = [
  { title: 'ParM', k: 2, deployed: 'lenet5', output: 'softmax', parity: 'parity-k2' },
  { title: 'ParM', k: 3, deployed: 'lenet5', output: 'softmax', parity: 'parity-k3' },
  { title: 'ParM', k: 4, deployed: 'lenet5', output: 'softmax', parity: 'parity-k4' },
  { title: 'mosaic', k: 4, deployed: 'lenet5', output: 'logits', mosaic: 'mosaic-k4' },
  { title: 'Coded-InvNet', k: 10, deployed: 'invnet', output: 'logits', parity: 'invnet', encoder: 'encoder-k10' }
]

/** The models of a method, running. */
export interface LearnedModels {
  executor: OnnxExecutor
  deployed: Model
  /** Runs of the deployed model a query, beside its own: of the worker more, and of the master. */
  extra: { worker: number; master: number }
  /** A plan of one worker more than queries. */
  plan(): Plan
  /** How often its reconstructed predictions are expected to have the model's class. */
  said: number
}

const MODELS = new URL('../models/mnist/', import.meta.url)

/**
 * Loads the models of a method, and learns what they are worth.
 *
 * @param held images that its training held back
 * @returns `undefined` where they were not trained yet
 */
export async function learnedModels(
  method: LearnedMethod,
  held: readonly Tensor[]
): Promise<LearnedModels | undefined> {
  const { k, deployed, parity, encoder, mosaic } = method
  const names = [...new Set([deployed, parity, encoder, mosaic])].filter(name => name !== undefined)
  const files = names.map(name => ({ name, path: fileURLToPath(new URL(`${name}.onnx`, MODELS)) }))
  if (!(await Promise.all(files.map(({ path }) => isThere(path)))).every(Boolean)) {
    return undefined
  }
  const executor = onnxExecutor({ models: files })
  await executor.start()
  const macs = new Map(await Promise.all(files.map(async ({ name, path }) => [name, await macsOf(path)] as const)))
  const share = (name: string | undefined) => (macs.get(name ?? '') ?? 0) / (macs.get(deployed) ?? 1)
  const [model] = executor.models
  return {
    executor,
    deployed: model,
    extra: { worker: share(parity ?? mosaic) / k, master: share(encoder) },
    ...(await planOf(method, { executor, model, held }))
  }
}

interface Judged {
  executor: OnnxExecutor
  model: Model
  held: readonly Tensor[]
}

async function planOf(
  method: LearnedMethod,
  { executor, model, held }: Judged
): Promise<Pick<LearnedModels, 'plan' | 'said'>> {
  const { k, deployed, output, parity, encoder, mosaic } = method
  const init = { model: model.id, output, k, n: k + 1, stragglers: 1, deadline: 1 }
  const judged = { executor, model: deployed, output, data: held }
  if (mosaic !== undefined) {
    const profile = await calibrateDescription({ ...judged, description: mosaic, side: Math.sqrt(k) })
    const side = { description: descriptionOf(profile, { model, output }) }
    const spec = planSpec({ ...init, code: codeFamily('replication'), side })
    return { said: profile.agreement, plan: () => sidePlan(spec, side) }
  }
  if (parity === undefined) throw new ReproduceError(`${method.title} has no companion`)
  const profile = await calibrateParities({ ...judged, parities: [parity], encoder, k })
  const spec = planSpec({ ...init, code: codeFamily('parm'), ...parityPlan(profile, model, executor.models) })
  return { said: profile.missing[0].agreement?.mean ?? Number.NaN, plan: () => linearPlan(spec) }
}

/** Copies on as many workers. */
export function copying({ k, output }: LearnedMethod, { id }: Model): () => Plan {
  const init = { model: id, output, k, n: k + 1, stragglers: 1, deadline: 1 }
  const spec = planSpec({ ...init, code: codeFamily('replication') })
  return () => linearPlan(spec)
}

/** What all tasks of a group give. */
export async function resultsOf(
  plan: Plan,
  queries: readonly Tensor[],
  own: (query: number) => Tensor,
  run: (task: PlanTask) => Promise<Tensor>
): Promise<Map<number, Tensor>> {
  for (const image of queries) plan.add({ image })
  plan.close()
  while (plan.encodeNext() !== undefined);
  const results = new Map<number, Tensor>()
  for (const task of plan.tasks) {
    const result = task.role === 'query' ? own(task.queries[0]) : await run(task)
    results.set(task.index, result)
    plan.learn(task.index, result)
  }
  return results
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
