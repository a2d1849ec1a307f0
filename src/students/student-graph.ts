import { type OnnxGraph, type OnnxNode, writeOnnx } from '../models/index.ts'
import { StudentFitError } from './errors.ts'
import type { ImageShape, PatchBank } from './patch-bank.ts'
import type { RandomProjection } from './random-projection.ts'
import type { Readout } from './ridge.ts'

/** Responses are pooled to a grid of so many places a side. */
const POOLED = 3

/** The front of a student: from its one input, [batch, …], to `features` [batch, count]. */
export interface FeatureGraph extends Omit<OnnxGraph, 'outputs'> {
  count: number
}

/**
 * A student as an ONNX file: to `logits` and `softmax` [batch, classes], and to the `features` that they are read from, for one that
 * goes on learning.
 */
export function studentModel({ count, inputs, weights, nodes }: FeatureGraph, readout: Readout): Uint8Array {
  const classes = readout.biases.length
  return writeOnnx({
    inputs,
    outputs: [
      ...['logits', 'softmax'].map(name => ({ name, shape: ['batch', classes] })),
      { name: 'features', shape: ['batch', count] }
    ],
    weights: {
      ...weights,
      readout: { shape: [count, classes], values: readout.weights },
      readoutBiases: { shape: [classes], values: readout.biases }
    },
    nodes: [
      ...nodes,
      { op: 'Gemm', inputs: ['features', 'readout', 'readoutBiases'], output: 'logits' },
      { op: 'Softmax', inputs: ['logits'], output: 'softmax', attributes: { axis: 1 } }
    ]
  })
}

/**
 * What adds up the sums of {@link RidgeSums} over a batch, as an ONNX file: the student's input and `targets` float32
 * [batch, 1 + classes], whose first column is ones, to `sums`.
 */
export function sumsModel({ count, inputs, weights, nodes }: FeatureGraph, classes: number): Uint8Array {
  const size = count + 1 + classes
  return writeOnnx({
    inputs: [...inputs, { name: 'targets', shape: ['batch', 1 + classes] }],
    outputs: [{ name: 'sums', shape: [size, size] }],
    weights,
    nodes: [
      ...nodes,
      { op: 'Concat', inputs: ['features', 'targets'], output: 'z', attributes: { axis: 1 } },
      { op: 'Transpose', inputs: ['z'], output: 'transposed', attributes: { perm: [1, 0] } },
      { op: 'MatMul', inputs: ['transposed', 'z'], output: 'sums' }
    ]
  })
}

/**
 * From `image` [batch, channels, height, width] to the responses of a patch bank, each at {@link POOLED}² places.
 *
 * @throws {StudentFitError} the responses are fewer than the places they are pooled to
 */
export function patchFeatures(
  { channels, height, width }: ImageShape,
  { count, side, shrink, weights, biases }: PatchBank
): FeatureGraph {
  const pools = [height, width].map(length => pooling(Math.floor(length / shrink) - side + 1))
  const shrinking: OnnxNode = {
    op: 'AveragePool',
    inputs: ['image'],
    output: 'shrunk',
    attributes: { kernel_shape: [shrink, shrink], strides: [shrink, shrink] }
  }
  return {
    count: count * POOLED * POOLED,
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

/** From `query` [batch, …shape] to what random directions make of it. */
export function projectionFeatures(shape: readonly number[], { weights, biases }: RandomProjection): FeatureGraph {
  const count = biases.length
  return {
    count,
    inputs: [{ name: 'query', shape: ['batch', ...shape] }],
    weights: {
      directions: { shape: [weights.length / count, count], values: weights },
      offsets: { shape: [count], values: biases }
    },
    nodes: [
      { op: 'Flatten', inputs: ['query'], output: 'numbers', attributes: { axis: 1 } },
      { op: 'Gemm', inputs: ['numbers', 'directions', 'offsets'], output: 'projected' },
      { op: 'Relu', inputs: ['projected'], output: 'features' }
    ]
  }
}

/** Windows of one size, evenly apart, that cover all of a length: they overlap where it cannot be divided. */
function pooling(length: number): { stride: number; window: number } {
  const stride = Math.floor(length / POOLED)
  if (stride < 1) throw new StudentFitError(`responses are pooled to ${POOLED} places a side, there are only ${length}`)
  return { stride, window: length - (POOLED - 1) * stride }
}
