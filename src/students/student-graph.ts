import { type OnnxGraph, type OnnxNode, writeOnnx } from '../models/index.ts'
import { StudentFitError } from './errors.ts'
import type { ImageShape, PatchBank } from './patch-bank.ts'
import type { Readout } from './ridge.ts'

/** Responses are pooled to a grid of so many places a side. */
const POOLED = 3

/** The features that a patch bank makes of one image. */
export function featureCount({ count }: PatchBank): number {
  return count * POOLED * POOLED
}

/**
 * A student as an ONNX file: `image` float32 [batch, channels, height, width] to `logits` and `softmax` [batch, classes], and
 * to the `features` [batch, featureCount] that they are read from, for one that goes on learning.
 *
 * @throws {StudentFitError} the responses are fewer than the places they are pooled to
 */
export function studentModel(shape: ImageShape, bank: PatchBank, { weights, biases }: Readout): Uint8Array {
  const classes = biases.length
  const graph = featureGraph(shape, bank)
  return writeOnnx({
    inputs: graph.inputs,
    outputs: [
      ...['logits', 'softmax'].map(name => ({ name, shape: ['batch', classes] })),
      { name: 'features', shape: ['batch', featureCount(bank)] }
    ],
    weights: {
      ...graph.weights,
      readout: { shape: [featureCount(bank), classes], values: weights },
      readoutBiases: { shape: [classes], values: biases }
    },
    nodes: [
      ...graph.nodes,
      { op: 'Gemm', inputs: ['features', 'readout', 'readoutBiases'], output: 'logits' },
      { op: 'Softmax', inputs: ['logits'], output: 'softmax', attributes: { axis: 1 } }
    ]
  })
}

/**
 * What adds up the sums of {@link RidgeSums} over a batch, as an ONNX file: `image` as for the student and `targets` float32
 * [batch, 1 + classes], whose first column is ones, to `sums`.
 *
 * @throws {StudentFitError} as {@link studentModel}
 */
export function sumsModel(shape: ImageShape, bank: PatchBank, classes: number): Uint8Array {
  const graph = featureGraph(shape, bank)
  const size = featureCount(bank) + 1 + classes
  return writeOnnx({
    inputs: [...graph.inputs, { name: 'targets', shape: ['batch', 1 + classes] }],
    outputs: [{ name: 'sums', shape: [size, size] }],
    weights: graph.weights,
    nodes: [
      ...graph.nodes,
      { op: 'Concat', inputs: ['features', 'targets'], output: 'z', attributes: { axis: 1 } },
      { op: 'Transpose', inputs: ['z'], output: 'transposed', attributes: { perm: [1, 0] } },
      { op: 'MatMul', inputs: ['transposed', 'z'], output: 'sums' }
    ]
  })
}

/** From `image` to `features` [batch, featureCount]. */
function featureGraph(
  { channels, height, width }: ImageShape,
  { count, side, shrink, weights, biases }: PatchBank
): Omit<OnnxGraph, 'outputs'> {
  const pools = [height, width].map(length => pooling(Math.floor(length / shrink) - side + 1))
  const shrinking: OnnxNode = {
    op: 'AveragePool',
    inputs: ['image'],
    output: 'shrunk',
    attributes: { kernel_shape: [shrink, shrink], strides: [shrink, shrink] }
  }
  return {
    inputs: [{ name: 'image', shape: ['batch', channels, height, width] }],
    weights: {
      patches: { shape: [count, channels, side, side], values: weights },
      patchBiases: { shape: [count], values: biases }
    },
    nodes: [
      ...(shrink > 1 ? [shrinking] : []),
      { op: 'Conv', inputs: [shrink > 1 ? 'shrunk' : 'image', 'patches', 'patchBiases'], output: 'responses' },
      { op: 'Relu', inputs: ['responses'], output: 'active' },
      {
        op: 'AveragePool',
        inputs: ['active'],
        output: 'pooled',
        attributes: { kernel_shape: pools.map(({ window }) => window), strides: pools.map(({ stride }) => stride) }
      },
      { op: 'Flatten', inputs: ['pooled'], output: 'features', attributes: { axis: 1 } }
    ]
  }
}

/** Windows of one size, evenly apart, that cover all of a length: they overlap where it cannot be divided. */
function pooling(length: number): { stride: number; window: number } {
  const stride = Math.floor(length / POOLED)
  if (stride < 1) throw new StudentFitError(`responses are pooled to ${POOLED} places a side, there are only ${length}`)
  return { stride, window: length - (POOLED - 1) * stride }
}
