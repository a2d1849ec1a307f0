import { type NodeProto, readOnnx, rewriteOnnx } from '../models/index.ts'
import { StudentFitError } from './errors.ts'
import type { Readout } from './ridge.ts'

/** What multiplies with weights. */
const LINEAR = ['Gemm', 'MatMul', 'Conv']
/** Nodes between the last of them and the output; they only change the shape. */
const LEAST_CHANGE = 4

export interface SmallerModel {
  /** The ONNX file. */
  file: Uint8Array
  /** The names of its outputs: what the model says, and the features that its last layer says it from. */
  output: string
  features: string
}

/**
 * The graph of a model for images of another size, with what its last layer reads as a further output. That it can be run is
 * not said: layers that expect so many features do not take fewer, and strict shape inference has missed that. It is to be tried.
 *
 * @param output of the model: float32 [batch, classes]
 * @param shape of an image: channels, height and width; a name for a length that is open
 * @throws {MalformedModelError} it is no ONNX file
 * @throws {StudentFitError} it has several inputs, or no layer of weights right before the output
 */
export function smallerModel(file: Uint8Array, output: string, shape: ReadonlyArray<number | string>): SmallerModel {
  const model = readOnnx(file)
  const { input = [], initializer = [], node = [] } = model.graph ?? {}
  const weights = new Set(initializer.map(({ name }) => name))
  // Older files list weights among the inputs.
  const [image, ...others] = input.filter(({ name }) => !weights.has(name))
  const last = lastLayer(node, output)
  if (image === undefined || others.length > 0 || last === undefined) {
    throw new StudentFitError(
      `a description is made of a model with one input and a layer of weights before '${output}', and this is none`
    )
  }
  const [features] = last.input
  const graph = {
    inputs: [{ name: image.name, shape: ['batch', ...shape] }],
    outputs: [{ name: output, shape: ['batch', 'classes'] }, { name: features }]
  }
  return { file: rewriteOnnx(model, graph), output, features }
}

/** The layer whose result is the output, but for its shape. */
function lastLayer(nodes: readonly NodeProto[], output: string): NodeProto | undefined {
  let name = output
  for (let steps = 0; steps < LEAST_CHANGE; steps++) {
    const node = nodes.find(each => each.output.includes(name))
    if (node === undefined || LINEAR.includes(node.opType)) {
      return node
    }
    name = node.input[0]
  }
  return undefined
}

/**
 * The same model with a correction of what it says, if one is given, that is read from its features: `description` float32
 * [batch, classes] is its only output.
 */
export function withReadout({ file, output, features }: SmallerModel, readout?: Readout): Uint8Array {
  const model = readOnnx(file)
  const outputs = [{ name: 'description', shape: ['batch', 'classes'] }]
  if (readout === undefined) {
    return rewriteOnnx(model, { outputs, nodes: [{ op: 'Identity', inputs: [output], output: 'description' }] })
  }
  const { weights, biases } = readout
  const classes = biases.length
  return rewriteOnnx(model, {
    outputs,
    weights: {
      correction: { shape: [weights.length / classes, classes], values: weights },
      correctionBiases: { shape: [classes], values: biases }
    },
    nodes: [
      { op: 'Flatten', inputs: [features], output: 'flatFeatures', attributes: { axis: 1 } },
      { op: 'Gemm', inputs: ['flatFeatures', 'correction', 'correctionBiases'], output: 'corrected' },
      { op: 'Add', inputs: [output, 'corrected'], output: 'description' }
    ]
  })
}
