import type { TensorSpec } from '../../src/models/index.ts'
import { float32ToFloat16, Tensor } from '../../src/tensor/index.ts'
import { InputFileError, UsageError } from './errors.ts'
import type { Size } from './options.ts'

export type Layout = 'nchw' | 'nhwc'

/** How pixels become the numbers that a model takes: (pixel / 255 − mean) / std, for each channel. */
export interface ImageOptions {
  resize?: Size
  mean: readonly number[]
  std: readonly number[]
  layout?: Layout
}

/** What an image must become to be a query. */
export interface ImageFormat extends Size {
  channels: 1 | 3
  layout: Layout
  dtype: 'float32' | 'float16' | 'uint8'
  mean: readonly number[]
  std: readonly number[]
}

/**
 * Finds the format in the signature of the model's input, completed by the options.
 *
 * @throws {UsageError} the signature leaves something open that no option says, the options contradict it, or the model
 *   does not take images at all
 */
export function imageFormat(input: TensorSpec, { resize, mean, std, layout: asked }: ImageOptions): ImageFormat {
  const { name, dtype, shape } = input
  const described = `input '${name}' of the model is ${dtype} [${shape.map(length => length ?? 'any').join(', ')}]`
  if (shape.length !== 4 || (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'uint8')) {
    throw new UsageError(`${described}, which no image becomes: give its queries as .npy`)
  }
  const layout = asked ?? layoutOf(shape)
  if (layout === undefined) {
    throw new UsageError(`${described}, where no axis has 1 or 3 channels: say which it is by --layout`)
  }
  const [, ...axes] = shape
  const [channels = 3, height, width] = layout === 'nchw' ? axes : [axes[2], axes[0], axes[1]]
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(`${described}: as ${layout} it has ${channels} channels, and images have 1 or 3`)
  }
  const size = resize ?? (width && height ? { width, height } : undefined)
  if (size === undefined) {
    throw new UsageError(`${described} and takes any size: say which by --resize`)
  }
  const scaled = [...mean, ...std].some(value => value !== 0 && value !== 1)
  if (dtype === 'uint8' && scaled) {
    throw new UsageError(`${described}, which takes pixels as they are: leave --mean and --std out`)
  }
  return { ...size, channels, layout, dtype, mean: perChannel('mean', mean, channels), std: divisors(std, channels) }
}

/**
 * Decodes a PNG or JPEG and makes it a query of shape [1, c, h, w] or [1, h, w, c]. It is turned upright, loses its alpha
 * channel, and is scaled to cover the size and cut at the edges that stand out, so that nothing is squeezed.
 *
 * @throws {InputFileError} the bytes are no image that can be decoded
 */
export async function imageQuery(file: string, bytes: Uint8Array, format: ImageFormat): Promise<Tensor> {
  const { width, height, channels, layout, dtype } = format
  const pixels = await decode(file, bytes, format)
  const shape = layout === 'nchw' ? [1, channels, height, width] : [1, height, width, channels]
  const ordered = layout === 'nchw' && channels > 1 ? planes(pixels, channels) : pixels
  if (dtype === 'uint8') {
    return new Tensor('uint8', shape, ordered)
  }
  const values = normalized(ordered, format)
  return dtype === 'float32'
    ? new Tensor('float32', shape, values)
    : new Tensor('float16', shape, float32ToFloat16(values))
}

/** Pixels of 8 bits, row by row, channels together. */
async function decode(file: string, bytes: Uint8Array, { width, height, channels }: ImageFormat): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  try {
    const image = sharp(bytes).autoOrient().removeAlpha().resize(width, height, { fit: 'cover' })
    // toColourspace makes the bytes one or three a pixel, whatever the file has.
    const coloured = channels === 1 ? image.greyscale().toColourspace('b-w') : image.toColourspace('srgb')
    return new Uint8Array(await coloured.raw({ depth: 'uchar' }).toBuffer())
  } catch (cause) {
    throw new InputFileError(`${file} cannot be decoded as an image: ${String(cause)}`, { cause })
  }
}

/** Channels together to channels apart: [h·w, c] to [c, h·w]. */
function planes(pixels: Uint8Array, channels: number): Uint8Array {
  const area = pixels.length / channels
  const apart = new Uint8Array(pixels.length)
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < channels; c++) {
      apart[c * area + i] = pixels[i * channels + c]
    }
  }
  return apart
}

function normalized(pixels: Uint8Array, { channels, layout, mean, std }: ImageFormat): Float32Array {
  const area = pixels.length / channels
  return Float32Array.from(pixels, (pixel, i) => {
    const c = layout === 'nchw' ? Math.floor(i / area) : i % channels
    return (pixel / 255 - mean[c]) / std[c]
  })
}

function layoutOf(shape: TensorSpec['shape']): Layout | undefined {
  const isChannels = (length: number | null): boolean => length === 1 || length === 3
  if (isChannels(shape[1])) {
    return 'nchw'
  }
  return isChannels(shape[3]) ? 'nhwc' : undefined
}

function divisors(std: readonly number[], channels: number): number[] {
  if (std.includes(0)) {
    throw new UsageError('--std divides, so it must not be 0')
  }
  return perChannel('std', std, channels)
}

function perChannel(option: string, values: readonly number[], channels: number): number[] {
  if (values.length !== 1 && values.length !== channels) {
    throw new UsageError(`--${option} has ${values.length} numbers: give one, or one for each of ${channels} channels`)
  }
  return Array.from({ length: channels }, (_, c) => values[c] ?? values[0])
}
