import { type GraphProto, type ModelProto, type NodeProto, readOnnx, rewriteOnnx } from '../src/models/index.ts'
import { sampleInputs } from '../src/runtime/index.ts'
import { InvalidOptionError } from './errors.ts'
import { withModel } from './with-model.ts'

/** What multiplies with weights. */
const PRODUCTS = ['Conv', 'Gemm', 'MatMul']

/**
 * Multiply-adds of a model on one query, or on so many, by the outputs of the convolutions and matrix products that they are spent
 * on. How large those are is found out by running it with them as outputs.
 *
 * @throws {MalformedModelError} it is no ONNX file
 * @throws {InvalidOptionError} a product is not with weights
 * @throws {ModelLoadError | RunFailedError} it cannot be run
 */
export async function multiplyAdds(file: Uint8Array, rows = 1): Promise<Map<string, number>> {
  return (await traced(file, [], rows)).work
}

/** What became known of a model by running it. */
export interface Traced {
  /** Multiply-adds by the outputs of the products that they are spent on. */
  work: Map<string, number>
  /** Of the tensors that were asked about. */
  shapes: ReadonlyMap<string, readonly number[]>
}

/** As {@link multiplyAdds}, and the shapes of further float32 tensors. */
export async function traced(file: Uint8Array, tensors: readonly string[], rows = 1): Promise<Traced> {
  const model = readOnnx(file)
  const products = model.graph?.node.filter(({ opType }) => PRODUCTS.includes(opType)) ?? []
  const outputs = new Set([...products.map(({ output: [name] }) => name), ...tensors])
  const shapes = await shapesOf(model, [...outputs], rows)
  const weights = model.graph === undefined ? new Map<string, number[]>() : weightShapes(model.graph)
  const size = (name: string): number => (shapes.get(name) ?? [0]).reduce((a, b) => a * b, 1)
  return {
    work: new Map(products.map(node => [node.output[0], size(node.output[0]) * termsOf(node, weights)])),
    shapes
  }
}

async function shapesOf(model: ModelProto, tensors: readonly string[], rows: number) {
  const known = new Set(model.graph?.output.map(({ name }) => name))
  const shown = rewriteOnnx(model, { more: tensors.filter(name => !known.has(name)).map(name => ({ name })) })
  return withModel(shown, async executor => {
    const [{ id, signature }] = executor.models
    const { outputs } = await executor.run({ model: id, inputs: sampleInputs(signature, rows), outputs: tensors })
    return new Map(Object.entries(outputs).map(([name, { shape }]) => [name, shape]))
  })
}

/** Products that are summed for one number of the output: what is in the weights, over their outputs. */
function termsOf({ opType, input, attribute }: NodeProto, shapes: ReadonlyMap<string, readonly number[]>): number {
  const shape = shapes.get(input[1])
  if (shape === undefined) {
    throw new InvalidOptionError(
      `multiply-adds are counted of products with weights, and the second input of ${opType} '${input[1]}' is none`
    )
  }
  const transposed = attribute.some(({ name, i }) => name === 'transB' && i === 1n)
  const outputs = opType === 'Conv' || transposed ? shape[0] : shape[shape.length - 1]
  return shape.reduce((a, b) => a * b) / outputs
}

function weightShapes({ initializer, node }: GraphProto): Map<string, number[]> {
  const constants = node.flatMap(({ opType, output, attribute }) =>
    opType === 'Constant'
      ? attribute.flatMap(({ t }) => (t === undefined ? [] : { name: output[0], dims: t.dims }))
      : []
  )
  const shapes = new Map([...initializer, ...constants].map(({ name, dims }) => [name, dims.map(Number)]))
  // Weights that are kept as float16 are cast first.
  for (const { opType, input, output } of node) {
    const kept = opType === 'Cast' ? shapes.get(input[0]) : undefined
    if (kept !== undefined) {
      shapes.set(output[0], kept)
    }
  }
  return shapes
}
