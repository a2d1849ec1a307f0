import type { ModelSignature, NamedTensors } from '../models/index.ts'
import { arrayOf, type DataOf, type Dtype, elements, float32ToFloat16, type Shape, Tensor } from '../tensor/index.ts'

/**
 * Made-up inputs for a model, always the same ones: rows that differ from each other, floats in [0, 1), whole numbers 0 or 1,
 * which are valid as indices too. An axis that may have any length gets `rows`.
 */
export function sampleInputs({ inputs }: ModelSignature, rows: number): NamedTensors {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => [
      name,
      sample(
        dtype,
        shape.map(length => length ?? rows)
      )
    ])
  )
}

function sample(dtype: Dtype, shape: Shape): Tensor {
  const values = Float32Array.from({ length: elements(shape) }, (_, i) => fraction(Math.sin(i + 1) * 43758.5453))
  return new Tensor(dtype, shape, convert(dtype, values))
}

function convert(dtype: Dtype, values: Float32Array): DataOf<Dtype> {
  switch (dtype) {
    case 'float32':
      return values
    case 'float16':
      return float32ToFloat16(values)
    case 'int64':
      return BigInt64Array.from(values, value => BigInt(Math.round(value)))
    default:
      return arrayOf(dtype).from(values.map(Math.round))
  }
}

function fraction(x: number): number {
  return x - Math.floor(x)
}
