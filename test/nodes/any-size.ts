import { random } from '../../src/chance/index.ts'
import { writeOnnx } from '../../src/models/index.ts'

export const SHAPE = { channels: 1, height: 16, width: 16 }

/** A network that takes images of any size: edges, their strength over the image, and a layer on top. */
export function anySize(seed: number): Uint8Array {
  const chance = random(seed)
  const normal = (length: number): Float32Array => Float32Array.from({ length }, () => chance() - 0.5)
  return writeOnnx({
    inputs: [{ name: 'image', shape: ['batch', 1, 16, 16] }],
    outputs: [{ name: 'logits', shape: ['batch', 3] }],
    weights: {
      edges: { shape: [12, 1, 3, 3], values: normal(108) },
      top: { shape: [12, 3], values: normal(36) },
      bias: { shape: [3], values: new Float32Array(3) }
    },
    nodes: [
      { op: 'Conv', inputs: ['image', 'edges'], output: 'responses', attributes: { pads: [1, 1, 1, 1] } },
      { op: 'Relu', inputs: ['responses'], output: 'active' },
      { op: 'GlobalAveragePool', inputs: ['active'], output: 'pooled' },
      { op: 'Flatten', inputs: ['pooled'], output: 'features', attributes: { axis: 1 } },
      { op: 'Gemm', inputs: ['features', 'top', 'bias'], output: 'logits' }
    ]
  })
}

/** Blobs, so that a smaller image shows what the larger one did. */
export function blobs(count: number, seed: number): Float32Array[] {
  const chance = random(seed)
  return Array.from({ length: count }, () => {
    const [y, x, tall, wide] = [chance(), chance(), 2 + 6 * chance(), 2 + 6 * chance()]
    return Float32Array.from({ length: 256 }, (_, i) =>
      Math.exp(-(((Math.floor(i / 16) - 16 * y) / tall) ** 2) - (((i % 16) - 16 * x) / wide) ** 2)
    )
  })
}
