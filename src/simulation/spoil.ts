import type { NamedTensors } from '../models/index.ts'
import { Tensor } from '../tensor/index.ts'

/**
 * How a result can be wrong: NaN in it; another shape; every row moved on by one (`rolled`); what another version of the model would say
 * (`stale`: each value times −0.5, plus 1); `foreign`, the result of the task that this worker ran before; or noise, the error of each value.
 */
export type Spoil = 'nan' | 'misshapen' | 'rolled' | 'stale' | 'foreign' | { noise(): number }

/** The outputs, spoilt; `before` are those of the task before. Tensors that are not float32 are left as they are. */
export function spoil(outputs: NamedTensors, how: Spoil, before: NamedTensors | undefined): NamedTensors {
  if (how === 'foreign') {
    return Object.fromEntries(Object.entries(before ?? outputs).map(([name, tensor]) => [name, tensor.clone()]))
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, spoilTensor(tensor, how)]))
}

function spoilTensor(tensor: Tensor, how: Exclude<Spoil, 'foreign'>): Tensor {
  const { data, shape } = tensor
  if (how === 'misshapen') {
    return Tensor.float32([0], [1, 1, 1])
  }
  return data instanceof Float32Array ? Tensor.float32(spoilFloats(data, how), shape) : tensor
}

function spoilFloats(values: Float32Array, how: Exclude<Spoil, 'foreign' | 'misshapen'>): Float32Array {
  switch (how) {
    case 'nan':
      return values.with(0, Number.NaN)
    case 'rolled':
      return values.map((_, i) => values.at(i - 1) ?? 0)
    case 'stale':
      return values.map(value => 1 - value / 2)
    default:
      return values.map(value => value + how.noise())
  }
}
