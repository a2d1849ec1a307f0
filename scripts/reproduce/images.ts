import sharp from 'sharp'
import type { Random } from '../../src/chance/index.ts'

/** Images as a model takes them, channels apart, and the true class of each. */
export interface Images {
  pixels: Float32Array[]
  labels: ArrayLike<number>
}

/** So many of the images, drawn by chance: the others need not be read. */
export interface Most {
  count: number
  chance: Random
}

/** What a network's table is made from. */
export interface Dataset {
  shape: { channels: number; height: number; width: number }
  /** The paths of the models. */
  models: { deployed: string; student?: string }
  /** All that is learned or chosen is learned and chosen on these. */
  learning: Images
  /** Only scored on. */
  test: Images
  /** Further images that the model was fitted to: of use to learn what it says, where its own accuracy does not matter. */
  fitted?(most?: Most): Promise<Float32Array[]>
}

/** A JPEG as three planes of side×side values in [0, 1]; an image of another size is scaled to cover the square and cut. */
export async function decodeImage(bytes: Uint8Array, side: number): Promise<Float32Array> {
  const image = sharp(bytes).toColourspace('srgb').removeAlpha().resize(side, side, { fit: 'cover' })
  const pixels = await image.raw({ depth: 'uchar' }).toBuffer()
  const area = side * side
  return Float32Array.from({ length: 3 * area }, (_, i) => pixels[(i % area) * 3 + Math.floor(i / area)] / 255)
}

/** Images of shape 3×side×side with values from `low` to 1 at another size, as a master that has only these would shrink them. */
export async function shrunk(
  pixels: Float32Array,
  { from, to, low }: Record<'from' | 'to' | 'low', number>
): Promise<Float32Array> {
  const [areaFrom, areaTo] = [from * from, to * to]
  const bytes = Uint8Array.from({ length: 3 * areaFrom }, (_, i) =>
    Math.round((255 * (pixels[(i % 3) * areaFrom + Math.floor(i / 3)] - low)) / (1 - low))
  )
  const image = sharp(bytes, { raw: { width: from, height: from, channels: 3 } }).resize(to, to)
  const small = await image.raw({ depth: 'uchar' }).toBuffer()
  return Float32Array.from(
    { length: 3 * areaTo },
    (_, i) => low + (small[(i % areaTo) * 3 + Math.floor(i / areaTo)] / 255) * (1 - low)
  )
}
