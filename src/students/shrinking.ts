import type { ImageShape } from './patch-bank.ts'

/** What is left of an image: its edges cut off, then shrunk to so many pixels a side. */
export interface View {
  height: number
  width: number
  /** The share of each side that is seen; 1 for the whole image. */
  seen: number
}

/** How steep the cubic is where it crosses zero, as in OpenCV and PyTorch: the steeper, the crisper. */
const STEEPNESS = -0.75

/** One pixel of a side: pixels of the larger side and their weights, which sum to 1. */
type Blend = ReadonlyArray<readonly [from: number, weight: number]>

/**
 * Shrinks images of one shape by cubic convolution, stretched to what a pixel covers, so that what is finer than it can show does
 * not appear as something else. Next to sharp edges values may go a little beyond those of the image.
 *
 * Source: Keys, "Cubic convolution interpolation for digital image processing", 1981, eq. 4.
 *
 * @returns takes channels·height·width values, channels apart, and gives as many of the view
 */
export function shrinking({ channels, height, width }: ImageShape, view: View): (image: Float32Array) => Float32Array {
  const rows = blends(height, view.height, view.seen)
  const columns = blends(width, view.width, view.seen)
  return image => {
    const out = new Float32Array(channels * view.height * view.width)
    const line = new Float32Array(width)
    let at = 0
    for (let c = 0; c < channels; c++) {
      for (const row of rows) {
        line.fill(0)
        for (const [y, weight] of row) {
          const start = (c * height + y) * width
          for (let x = 0; x < width; x++) line[x] += weight * image[start + x]
        }
        for (const column of columns) {
          let sum = 0
          for (const [x, weight] of column) sum += weight * line[x]
          out[at++] = sum
        }
      }
    }
    return out
  }
}

function blends(from: number, to: number, seen: number): Blend[] {
  const step = (from * seen) / to
  const reach = Math.max(step, 1)
  const first = (from - from * seen) / 2
  return Array.from({ length: to }, (_, i) => {
    const centre = first + (i + 0.5) * step
    const near = Array.from({ length: from }, (_, x) => [x, cubic(Math.abs(x + 0.5 - centre) / reach)] as const)
    const blend = near.filter(([, weight]) => weight !== 0)
    const total = blend.reduce((sum, [, weight]) => sum + weight, 0)
    return blend.map(([x, weight]) => [x, weight / total] as const)
  })
}

/** Keys' kernel at x ≥ 0. */
function cubic(x: number): number {
  if (x < 1) return ((STEEPNESS + 2) * x - (STEEPNESS + 3)) * x * x + 1
  return x < 2 ? STEEPNESS * (((x - 5) * x + 8) * x - 4) : 0
}
