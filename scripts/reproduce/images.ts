import sharp from 'sharp'

/** Images as a model takes them, channels apart, and the true class of each. */
export interface Images {
  pixels: Float32Array[]
  labels: ArrayLike<number>
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
}

/** A JPEG as three planes of side×side values in [0, 1]; an image of another size is scaled to cover the square and cut. */
export async function decodeImage(bytes: Uint8Array, side: number): Promise<Float32Array> {
  const image = sharp(bytes).toColourspace('srgb').removeAlpha().resize(side, side, { fit: 'cover' })
  const pixels = await image.raw({ depth: 'uchar' }).toBuffer()
  const area = side * side
  return Float32Array.from({ length: 3 * area }, (_, i) => pixels[(i % area) * 3 + Math.floor(i / area)] / 255)
}
