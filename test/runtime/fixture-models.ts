import { fileURLToPath } from 'node:url'
import type { ModelSignature } from '../../src/models/index.ts'
import type { FunctionModel } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** The path of a model that `test/fixtures/models/make.py` wrote. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/models/${name}.onnx`, import.meta.url))
}

/** The signature of `affine.onnx`. */
export const affineSignature: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 4] }],
  outputs: [
    { name: 'double', dtype: 'float32', shape: [null, 4] },
    { name: 'sum', dtype: 'float32', shape: [null, 1] }
  ]
}

/** What `affine.onnx` computes, as a function. */
export const affineFunction: FunctionModel = {
  name: 'affine',
  signature: affineSignature,
  run: ({ x }) => {
    const rows = Array.from({ length: x.shape[0] }, (_, i) => numbers(x.row(i)))
    const sums = rows.map(row => row.reduce((sum, value) => sum + value, 0))
    return {
      double: Tensor.float32(
        rows.flat().map(value => 2 * value),
        x.shape
      ),
      sum: Tensor.float32(sums, [rows.length, 1])
    }
  }
}

/** What `two-inputs.onnx` computes, as a function: left + 10 · right. */
export const twoInputsFunction: FunctionModel = {
  name: 'two-inputs',
  signature: {
    inputs: [
      { name: 'left', dtype: 'float32', shape: [null, 2] },
      { name: 'right', dtype: 'float32', shape: [null, 2] }
    ],
    outputs: [{ name: 'y', dtype: 'float32', shape: [null, 2] }]
  },
  run: ({ left, right }) => {
    const tens = numbers(right).map(value => 10 * value)
    const sums = numbers(left).map((value, i) => value + tens[i])
    return { y: Tensor.float32(sums, left.shape) }
  }
}

/** A batch for the affine model: 0, 1, 2, … */
export function counting(rows: number): Tensor<'float32'> {
  return Tensor.float32(
    Float32Array.from({ length: 4 * rows }, (_, i) => i),
    [rows, 4]
  )
}

function numbers({ data }: Tensor): number[] {
  const values: number[] = []
  for (const value of data) {
    values.push(Number(value))
  }
  return values
}
