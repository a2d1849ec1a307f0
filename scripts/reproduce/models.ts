import { encode, type LinearCode, unitColumn } from '../../src/codes/index.ts'
import type { Model } from '../../src/models/index.ts'
import { type OnnxExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** Numbers in the inputs of one run: enough to keep ONNX Runtime busy, and what a layer makes of them stays in the cache. */
const NUMBERS_AT_ONCE = 2 ** 16

/** The model that serves, and companions of it if there are any. */
export type Role = 'deployed' | 'student' | 'description' | 'exits'

/** Queries, and what the deployed model says to each by itself. */
export interface Answered {
  images: readonly Float32Array[]
  logits: readonly Float32Array[]
}

/** Classifiers of images, run in this process's ONNX Runtime. */
export class Models {
  readonly #executor: OnnxExecutor
  readonly #byRole: ReadonlyMap<string, Model>
  /** What each said to the images that it was asked about. */
  readonly #answers: Record<Role, WeakMap<Float32Array, Float32Array>> = {
    deployed: new WeakMap(),
    student: new WeakMap(),
    description: new WeakMap(),
    exits: new WeakMap()
  }

  private constructor(executor: OnnxExecutor) {
    this.#executor = executor
    this.#byRole = new Map(executor.models.map(model => [model.name, model]))
  }

  static async load(files: Readonly<Partial<Record<Role, string>>>): Promise<Models> {
    const models = Object.entries(files).map(([name, path]) => ({ name, path }))
    const executor = onnxExecutor({ models })
    await executor.start()
    return new Models(executor)
  }

  /** The content id of each model. */
  get ids(): Record<string, string> {
    return Object.fromEntries([...this.#byRole].map(([role, { id }]) => [role, id]))
  }

  /** The name of its output with the logits. */
  outputOf(role: Role): string {
    const { outputs } = this.#model(role).signature
    return (outputs.find(({ name }) => name === 'logits') ?? outputs[0]).name
  }

  /** The logits of each image; none is run twice. */
  async logits(role: Role, images: readonly Float32Array[]): Promise<Float32Array[]> {
    const known = this.#answers[role]
    const unasked = images.filter(image => !known.has(image))
    const answers = await this.#run(role, unasked, 'logits')
    unasked.forEach((image, i) => {
      known.set(image, answers[i])
    })
    return images.flatMap(image => known.get(image) ?? [])
  }

  /** The features of each image that a student reads its logits from. */
  features(images: readonly Float32Array[]): Promise<Float32Array[]> {
    return this.#run('student', images, 'features')
  }

  /** What each of these exits of the model says to each image. */
  async exits(images: readonly Float32Array[], outputs: readonly string[]): Promise<Float32Array[][]> {
    const said: Float32Array[][] = []
    for (const output of outputs) said.push(await this.#run('exits', images, output))
    return said
  }

  async #run(role: Role, images: readonly Float32Array[], asked: string): Promise<Float32Array[]> {
    const model = this.#model(role)
    const { inputs, outputs } = model.signature
    const output = outputs.find(({ name }) => name === asked) ?? outputs[0]
    const shape = inputs[0].shape.slice(1).map(length => length ?? 1)
    const size = shape.reduce((product, length) => product * length, 1)
    const together = Math.max(1, Math.floor(NUMBERS_AT_ONCE / size))
    const logits: Float32Array[] = []
    for (let from = 0; from < images.length; from += together) {
      const batch = images.slice(from, from + together)
      const pixels = new Float32Array(batch.length * size)
      batch.forEach((image, i) => {
        pixels.set(image, i * size)
      })
      const input = Tensor.float32(pixels, [batch.length, ...shape])
      const run = { model: model.id, inputs: { [inputs[0].name]: input }, outputs: [output.name] }
      const answers = (await this.#executor.run(run)).outputs[output.name]
      for (let i = 0; i < batch.length; i++) logits.push(floats(answers.row(i)))
    }
    return logits
  }

  /** For each group, the deployed model's logits of its N coded queries. Those that are a query itself are not run again. */
  async coded(code: LinearCode, groups: readonly Answered[]): Promise<Float32Array[][]> {
    const columns = Array.from({ length: code.n }, (_, i) => unitColumn(code.encodingMatrix, code.k, i))
    const coded: Float32Array[][] = []
    for (const { images, logits } of groups) {
      const queries = encode(
        code,
        images.map(image => Tensor.float32(image))
      )
      const mixed = queries.filter((_, i) => columns[i] === undefined)
      const answers = await this.#run('deployed', mixed.map(floats), 'logits')
      let next = 0
      coded.push(columns.map(column => (column === undefined ? answers[next++] : logits[column])))
    }
    return coded
  }

  #model(role: Role): Model {
    const model = this.#byRole.get(role)
    if (model === undefined) throw new RangeError(`no ${role} model was loaded`)
    return model
  }

  async close(): Promise<void> {
    await this.#executor.stop()
  }
}

export function floats({ data, dtype }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data
  throw new TypeError(`expected a float32 output, got ${dtype}`)
}
