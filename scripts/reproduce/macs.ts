import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import {
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  readOnnx,
  ValueInfoProtoSchema
} from '../../src/models/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { ReproduceError } from './errors.ts'

/** What multiplies with weights. */
const PRODUCTS = ['Conv', 'Gemm', 'MatMul']
/** Of a tensor of float32 in ONNX's schema. */
const FLOAT = 1

/**
 * Multiply-adds of a model on one query, or on so many, those of convolutions and matrix products: how large their outputs are is found out by
 * running it with them as outputs.
 */
export async function macsOf(file: string, rows = 1): Promise<number> {
  const model = readOnnx(await readFile(file))
  const { graph } = model
  if (graph === undefined) throw new ReproduceError(`${file} has no graph`)
  const products = graph.node.filter(({ opType }) => PRODUCTS.includes(opType))
  const lengths = weightShapes(graph)
  const known = new Set(graph.output.map(({ name }) => name))
  for (const { output } of products.filter(node => !known.has(node.output[0]))) {
    graph.output.push(create(ValueInfoProtoSchema, { name: output[0], type: tensorType() }))
  }
  const sizes = await outputSizes(toBinary(ModelProtoSchema, model), rows)
  return products.reduce((sum, node) => sum + (sizes.get(node.output[0]) ?? 0) * termsOf(node, lengths), 0)
}

/** Numbers in each output when the model is run on so many queries. */
async function outputSizes(model: Uint8Array, rows: number): Promise<Map<string, number>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-macs-'))
  try {
    const file = path.join(folder, 'model.onnx')
    await writeFile(file, model)
    const executor = onnxExecutor({ models: [{ name: 'model', path: file }] })
    await executor.start()
    try {
      const [{ id, signature }] = executor.models
      const inputs = Object.fromEntries(
        signature.inputs.map(({ name, shape: [, ...rest] }) => {
          const shape = [rows, ...rest.map(length => length ?? 1)]
          return [name, Tensor.float32(new Float32Array(shape.reduce((a, b) => a * b)), shape)]
        })
      )
      const { outputs } = await executor.run({ model: id, inputs, outputs: signature.outputs.map(({ name }) => name) })
      return new Map(Object.entries(outputs).map(([name, { size }]) => [name, size]))
    } finally {
      await executor.stop()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Products that are summed for one number of the output: what is in the weights, over their outputs. */
function termsOf({ opType, input, attribute }: NodeProto, lengths: ReadonlyMap<string, readonly number[]>): number {
  const shape = lengths.get(input[1])
  if (shape === undefined) throw new ReproduceError(`the second input of ${opType} ${input[1]} is no weight`)
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
    if (kept !== undefined) shapes.set(output[0], kept)
  }
  return shapes
}

function tensorType() {
  return { value: { case: 'tensorType', value: { elemType: FLOAT } } } as const
}
