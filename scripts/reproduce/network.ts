import { encode, type LinearCode } from '../../src/codes/index.ts'
import type { ModelId } from '../../src/models/index.ts'
import { type OnnxExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** Inputs to one run of ONNX Runtime: enough to keep it busy, few enough for small memories. */
const BATCH = 1000
const SIDE = 32

/** Classifiers of 32×32 images, run in this process's ONNX Runtime. */
export class Network {
  readonly #executor: OnnxExecutor
  readonly #ids: Map<string, ModelId>

  private constructor(executor: OnnxExecutor) {
    this.#executor = executor
    this.#ids = new Map(executor.models.map(({ name, id }) => [name, id]))
  }

  /** @param files the path of each model by its name */
  static async load(files: Readonly<Record<string, string>>): Promise<Network> {
    const models = Object.entries(files).map(([name, path]) => ({ name, path }))
    const executor = onnxExecutor({ models })
    await executor.start()
    return new Network(executor)
  }

  /** The content id of each model by its name. */
  get ids(): Record<string, string> {
    return Object.fromEntries(this.#ids)
  }

  /** The logits of each image. */
  async logits(model: string, images: readonly Float32Array[]): Promise<Float32Array[]> {
    const id = this.#ids.get(model)
    if (id === undefined) throw new RangeError(`no model ${model} was loaded`)
    const logits: Float32Array[] = []
    for (let from = 0; from < images.length; from += BATCH) {
      const batch = images.slice(from, from + BATCH)
      const pixels = new Float32Array(batch.length * SIDE * SIDE)
      batch.forEach((image, i) => {
        pixels.set(image, i * SIDE * SIDE)
      })
      const image = Tensor.float32(pixels, [batch.length, 1, SIDE, SIDE])
      const { outputs } = await this.#executor.run({ model: id, inputs: { image }, outputs: ['logits'] })
      for (let i = 0; i < batch.length; i++) logits.push(floats(outputs.logits.row(i)))
    }
    return logits
  }

  /** For each group of images, the logits of its N coded queries. */
  async coded(model: string, code: LinearCode, groups: readonly Float32Array[][]): Promise<Float32Array[][]> {
    const results: Float32Array[][] = []
    const together = Math.max(1, Math.floor(BATCH / code.n))
    for (let from = 0; from < groups.length; from += together) {
      const batch = groups.slice(from, from + together)
      const queries = batch.flatMap(images =>
        encode(
          code,
          images.map(image => Tensor.float32(image))
        ).map(floats)
      )
      const logits = await this.logits(model, queries)
      for (let i = 0; i < batch.length; i++) results.push(logits.slice(i * code.n, (i + 1) * code.n))
    }
    return results
  }

  async close(): Promise<void> {
    await this.#executor.stop()
  }
}

export function floats({ data, dtype }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data
  throw new TypeError(`expected a float32 output, got ${dtype}`)
}
