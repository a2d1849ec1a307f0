import { type ModelProto, type OnnxNode, rewriteOnnx } from '../models/index.ts'
import type { Readout } from './ridge.ts'

/** Features of an exit at most: the ridge regression on them solves a system of that size. */
const MOST_FEATURES = 1024
/** What an image has become at a cut is told by the means of so many parts of a side, or of fewer. */
const PARTS = [4, 2, 1]

/** What an exit reads of the tensor at its cut. */
export interface ExitFeatures {
  /** The name of its output. */
  exit: string
  /** The tensor at the cut. */
  tensor: string
  /** The name of the features. */
  features: string
  nodes: readonly OnnxNode[]
}

/**
 * Features of a cut: of an image's channels, the means over up to 4×4 parts of each; of a vector, all of it.
 *
 * @param shape of the tensor at the cut, with its batch axis
 * @returns `undefined` where it is neither, or has more than 1024 of them
 */
export function exitFeatures(exit: string, tensor: string, shape: readonly number[]): ExitFeatures | undefined {
  const [, channels, height, width] = shape
  if (shape.length === 2) {
    return channels <= MOST_FEATURES ? { exit, tensor, features: tensor, nodes: [] } : undefined
  }
  const kernels = PARTS.map(parts => [height, width].map(length => Math.max(1, Math.floor(length / parts))))
  const kernel = kernels.find(([high, wide]) => {
    return channels * Math.floor(height / high) * Math.floor(width / wide) <= MOST_FEATURES
  })
  if (shape.length !== 4 || kernel === undefined) {
    return undefined
  }
  const [pooled, features] = [`${exit}Pooled`, `${exit}Features`]
  const nodes: OnnxNode[] = [
    { op: 'AveragePool', inputs: [tensor], output: pooled, attributes: { kernel_shape: kernel, strides: kernel } },
    { op: 'Flatten', inputs: [pooled], output: features, attributes: { axis: 1 } }
  ]
  return { exit, tensor, features, nodes }
}

/** The file of a model whose only outputs are features. */
export function featuresModel(model: ModelProto, exits: readonly ExitFeatures[]): Uint8Array {
  return rewriteOnnx(model, {
    outputs: exits.map(({ features }) => ({ name: features })),
    nodes: exits.flatMap(({ nodes }) => nodes)
  })
}

/** The file of a model with an output more for each exit, float32 [batch, classes]: what is read from its features. */
export function withExits(model: ModelProto, exits: ReadonlyArray<ExitFeatures & { readout: Readout }>): Uint8Array {
  const parts = exits.map(({ exit, tensor, features, nodes, readout: { weights, biases } }) => {
    const [matrix, vector] = [`${exit}Weights`, `${exit}Biases`]
    return {
      output: { name: exit, shape: ['batch', biases.length] },
      // A runtime that cuts the model there has to know that it is float32.
      passing: { name: tensor },
      weights: {
        [matrix]: { shape: [weights.length / biases.length, biases.length], values: weights },
        [vector]: { shape: [biases.length], values: biases }
      },
      nodes: [...nodes, { op: 'Gemm', inputs: [features, matrix, vector], output: exit }]
    }
  })
  return rewriteOnnx(model, {
    more: parts.map(({ output }) => output),
    inside: parts.map(({ passing }) => passing),
    weights: Object.assign({}, ...parts.map(({ weights }) => weights)),
    nodes: parts.flatMap(({ nodes }) => nodes)
  })
}
