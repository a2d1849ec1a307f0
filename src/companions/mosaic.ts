import { floatsOf } from '../codes/index.ts'
import { ShapeMismatchError, sameShape, Tensor } from '../tensor/index.ts'

/** How images are put into one. */
export interface Tiles {
  rows: number
  columns: number
}

/** So many tiles, as near to a square as they can be. */
export function tilesOf(count: number): Tiles {
  let columns = Math.floor(Math.sqrt(count))
  while (count % columns !== 0) columns--
  return { rows: count / columns, columns }
}

/**
 * Images side by side in one of their own size: rows·columns images [1, channels, height, width], each shrunk to means of rows×columns
 * pixels and put at row ⌊i/columns⌋, column i mod columns.
 *
 * Source: Narra, Lin, Ananthanarayanan, Avestimehr and Annavaram, Collage Inference, 2019; and the concatenating encoder of Kosaian,
 * Rashmi and Venkataraman, Parity Models, SOSP 2019.
 *
 * @returns float32 [1, channels, height, width]
 * @throws {ShapeMismatchError} they are not so many images of one shape whose height and width `rows` and `columns` divide
 * @throws {DtypeMismatchError} they are not float32 or float16
 */
export function mosaic(images: readonly Tensor[], { rows, columns }: Tiles): Tensor<'float32'> {
  const { shape } = requireTiles(images, { rows, columns })
  const [, channels, height, width] = shape
  const data = new Float32Array(channels * height * width)
  images.forEach((image, i) => {
    const pixels = floatsOf(image)
    const corner = Math.floor(i / columns) * (height / rows) * width + (i % columns) * (width / columns)
    for (let line = 0; line < channels * height; line++) {
      const [channel, y] = [Math.floor(line / height), line % height]
      const to = channel * height * width + corner + Math.floor(y / rows) * width
      for (let x = 0; x < width; x++) {
        data[to + Math.floor(x / columns)] += pixels[line * width + x] / (rows * columns)
      }
    }
  })
  return Tensor.float32(data, shape)
}

function requireTiles(images: readonly Tensor[], { rows, columns }: Tiles): Tensor {
  const [first] = images
  const [, , height, width] = first?.shape ?? []
  if (images.length !== rows * columns || first.shape.length !== 4 || first.shape[0] !== 1) {
    throw new ShapeMismatchError(
      `a mosaic of ${rows}×${columns} tiles takes as many images of shape [1, channels, height, width], got ${images.length}${first ? ` of [${first.shape}]` : ''}`
    )
  }
  if (height % rows !== 0 || width % columns !== 0) {
    throw new ShapeMismatchError(
      `${rows}×${columns} tiles do not divide ${height}×${width} pixels: give images that they divide`
    )
  }
  const other = images.find(({ shape }) => !sameShape(shape, first.shape))
  if (other !== undefined) {
    throw new ShapeMismatchError(`a mosaic takes images of one shape, got [${first.shape}] and [${other.shape}]`)
  }
  return first
}
