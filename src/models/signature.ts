import type { Dtype, Tensor } from '../tensor/index.ts'

/** Tensors by the name of the model's input or output. */
export type NamedTensors = Readonly<Record<string, Tensor>>

/** One input or output of a model. */
export interface TensorSpec {
  name: string
  dtype: Dtype
  /**
   * Length of each axis, outermost (the batch) first; `null` where the model takes any length. Without axes, any shape goes:
   * ONNX Runtime tells a shape that a file does not declare as it tells a scalar.
   */
  shape: ReadonlyArray<number | null>
}

/** The inputs and outputs of a model, as its file declares them. */
export interface ModelSignature {
  inputs: readonly TensorSpec[]
  outputs: readonly TensorSpec[]
}
