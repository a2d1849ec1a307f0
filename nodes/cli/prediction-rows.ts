import type { Outcome } from '../../src/inference/index.ts'
import { type Dtype, Tensor } from '../../src/tensor/index.ts'

const FLOAT16_NAN = 0x7e00

/**
 * The predictions as one tensor [queries, …], in the order of the queries. Where there is none the row is NaN, or 0 where
 * the dtype has no NaN.
 *
 * @returns `undefined` when there is no prediction at all, hence no shape
 */
export function predictionRows(outcomes: readonly Outcome[]): Tensor | undefined {
  const outputs = outcomes.map(outcome => ('output' in outcome ? outcome.output : undefined))
  const first = outputs.find(output => output !== undefined)
  if (first === undefined) {
    return undefined
  }
  const { dtype, shape, size, byteLength } = first
  const bytes = new Uint8Array(outputs.length * byteLength)
  const missing = missingRow(dtype, size)
  outputs.forEach((output, i) => {
    bytes.set(output?.bytes ?? missing, i * byteLength)
  })
  return Tensor.fromBytes(dtype, [outputs.length, ...shape.slice(1)], bytes)
}

function missingRow(dtype: Dtype, size: number): Uint8Array {
  switch (dtype) {
    case 'float32':
      return Tensor.float32(new Float32Array(size).fill(Number.NaN)).bytes
    case 'float16':
      return new Tensor('float16', [size], new Uint16Array(size).fill(FLOAT16_NAN)).bytes
    default:
      return new Uint8Array()
  }
}
