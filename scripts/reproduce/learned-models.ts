import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { PlanTask } from '../../src/inference/index.ts'
import { contentId, type Model } from '../../src/models/index.ts'
import { type OnnxExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import { stack, type Tensor } from '../../src/tensor/index.ts'
import { ReproduceError } from './errors.ts'
import { macsOf } from './macs.ts'
import { floats } from './models.ts'

/** Runs of ONNX Runtime on so many images at once. */
const ROWS_AT_ONCE = 500

/** What is trained, and for how many queries. */
const TRAINED = [
  { kind: 'parity', ks: [2, 3, 4] },
  { kind: 'concatenated', ks: [2, 4] },
  { kind: 'mosaic', ks: [4] },
  { kind: 'encoder', ks: [10] }
] as const

/** A companion that was trained, and by which seed where it is not the one that is shipped. */
export interface Trained {
  kind: (typeof TRAINED)[number]['kind']
  /** Queries that it is for. */
  k: number
  /** How its model is called here. */
  model: string
  seed?: number
  /** The network that it was trained with, where that is not the deployed one. */
  network?: { name: string; model: string; file: string }
}

/** What the network of an encoder is called. */
const NETWORK = 'invnet'

/**
 * The companions that lie in a folder as `<kind>-k<k>.onnx`, and further trainings of them in others, whose seeds stand in
 * `<kind>-k<k>.recipe.json` beside them; that of an encoder in the recipe of its network.
 *
 * @returns what there is, and the names of what nobody trained
 * @throws {ReproduceError} two trainings of one have the same seed, or a recipe says none
 */
export async function trainedFiles({ shipped, further }: { shipped: string; further: readonly string[] }) {
  const found: Array<Trained & { file: string }> = []
  const missing: string[] = []
  for (const { kind, k } of TRAINED.flatMap(({ kind, ks }) => ks.map(k => ({ kind, k })))) {
    const name = `${kind}-k${k}`
    const file = path.join(shipped, `${name}.onnx`)
    const inFolder = (folder: string, of = ''): Pick<Trained, 'network'> =>
      kind === 'encoder'
        ? { network: { name: NETWORK, model: `${NETWORK}${of}`, file: path.join(folder, `${NETWORK}.onnx`) } }
        : {}
    if (await isThere(file)) found.push({ kind, k, model: name, file, ...inFolder(shipped) })
    else missing.push(name)
    for (const folder of further) {
      const file = path.join(folder, `${name}.onnx`)
      if (!(await isThere(file))) continue
      const seed = await seedOf(path.join(folder, `${kind === 'encoder' ? NETWORK : name}.recipe.json`))
      const model = `${name} of seed ${seed}`
      if (found.some(each => each.model === model)) {
        throw new ReproduceError(`${file} is a second training of ${model}: give each seed once`)
      }
      found.push({ kind, k, model, seed, file, ...inFolder(folder, ` of seed ${seed}`) })
    }
  }
  return { found, missing }
}

async function seedOf(recipe: string): Promise<number> {
  const { seed: own, arguments: given } = JSON.parse(await readFile(recipe, 'utf8'))
  const seed = own ?? given?.seed
  if (!Number.isInteger(seed)) throw new ReproduceError(`${recipe} does not say the seed of its training`)
  return seed
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}

/** A deployed model and its companions, running. */
export class LearnedModels {
  readonly executor: OnnxExecutor
  readonly #files: ReadonlyMap<string, string>
  readonly #macs = new Map<string, number>()
  /** What each said to what it was asked: groups of one size are the same in cells with other workers or stragglers. */
  readonly #answers = new Map<string, Tensor>()

  private constructor(executor: OnnxExecutor, files: ReadonlyMap<string, string>) {
    this.executor = executor
    this.#files = files
  }

  /** @param files of the models, by the names that they have here */
  static async load(files: ReadonlyMap<string, string>): Promise<LearnedModels> {
    const executor = onnxExecutor({ models: Array.from(files, ([name, path]) => ({ name, path })) })
    await executor.start()
    return new LearnedModels(executor, files)
  }

  model(asked: string): Model {
    const model = this.executor.models.find(({ name }) => name === asked)
    if (model === undefined) throw new RangeError(`there is no model ${asked}`)
    return model
  }

  /** Multiply-adds of a model on so many rows, by its id: counted by running the graph, once. */
  async macs(id: string, rows: number): Promise<number> {
    const key = `${id} ${rows}`
    let macs = this.#macs.get(key)
    if (macs === undefined) {
      const file = [...this.#files].find(([name]) => this.model(name).id === id)?.[1]
      if (file === undefined) throw new RangeError(`none of the models has the id ${id}`)
      macs = await macsOf(file, rows)
      this.#macs.set(key, macs)
    }
    return macs
  }

  /** No input is run twice. */
  async run({ model, inputs, output }: Pick<PlanTask, 'model' | 'inputs' | 'output'>): Promise<Tensor> {
    const asked = [model, output, ...Object.values(inputs).map(({ bytes }) => contentId(bytes))].join(' ')
    const answer = this.#answers.get(asked) ?? (await this.#run({ model, inputs, output }))
    this.#answers.set(asked, answer)
    return answer
  }

  async #run({ model, inputs, output }: Pick<PlanTask, 'model' | 'inputs' | 'output'>): Promise<Tensor> {
    // An executor takes its inputs over, and queries are asked again.
    const own = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, tensor.clone()]))
    return (await this.executor.run({ model, inputs: own, outputs: [output] })).outputs[output]
  }

  async logits(name: string, images: readonly Tensor[]): Promise<Float32Array[]> {
    const { id, signature } = this.model(name)
    const [input] = signature.inputs
    const logits: Float32Array[] = []
    for (let from = 0; from < images.length; from += ROWS_AT_ONCE) {
      const batch = images.slice(from, from + ROWS_AT_ONCE).map(image => image.row(0))
      const answer = await this.#run({ model: id, inputs: { [input.name]: stack(batch) }, output: 'logits' })
      batch.forEach((_, i) => {
        logits.push(floats(answer.row(i)))
      })
    }
    return logits
  }

  async close(): Promise<void> {
    await this.executor.stop()
  }
}
