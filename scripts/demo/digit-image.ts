import sharp from 'sharp'
import type { Tensor } from '../../src/tensor/index.ts'

/**
 * An image tensor [1, 1, height, width] as the data URI of a PNG: 0 black, 1 white, beyond that white too; what is
 * below 0, as no digit is but a mixture of digits can be, blue.
 */
export async function imageUri({ shape, data }: Tensor): Promise<string> {
  const [, , height, width] = shape
  const rgb = new Uint8ClampedArray(3 * height * width)
  for (let i = 0; i < height * width; i++) {
    const value = Number(data[i])
    rgb.set(value >= 0 ? [255 * value, 255 * value, 255 * value] : [-70 * value, -140 * value, -255 * value], 3 * i)
  }
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  return `data:image/png;base64,${png.toString('base64')}`
}
