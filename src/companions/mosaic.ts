import { floatsOf } from '../codes/index.ts'
import { ShapeMismatchError, sameShape, Tensor } from '../tensor/index.ts'

/**
 * Images side by side in one of their own size: side² images [1, channels, height, width], each shrunk to means of side×side pixels and
 * put at row ⌊i/side⌋, column i mod side.
 *
 * Source: Narra, Lin, Ananthanarayanan, Avestimehr and Annavaram, Collage Inference, 2019.
 *
 * @returns float32 [1, channels, height, width]
 * @throws {ShapeMismatchError} they are not side² images of one shape whose height and width `side` divides
 * @throws {DtypeMismatchError} they are not float32 or float16
 */
export function mosaic(images: readonly Tensor[], side: number): Tensor<'float32'> {
  const { shape } = requireTiles(images, side)
  const [, channels, height, width] = shape
  const [rows, columns] = [height / side, width / side]
  const data = new Float32Array(channels * height * width)
  images.forEach((image, i) => {
    const pixels = floatsOf(image)
    const corner = Math.floor(i / side) * rows * width + (i % side) * columns
    for (let line = 0; line < channels * height; line++) {
      const [channel, y] = [Math.floor(line / height), line % height]
      const to = channel * height * width + corner + Math.floor(y / side) * width
      for (let x = 0; x < width; x++) data[to + Math.floor(x / side)] += pixels[line * width + x] / (side * side)
    }
  })
  return Tensor.float32(data, shape)
}

function requireTiles(images: readonly Tensor[], side: number): Tensor {
  const [first] = images
  const [, , height, width] = first?.shape ?? []
  if (images.length !== side * side || first.shape.length !== 4 || first.shape[0] !== 1) {
    throw new ShapeMismatchError(
      `a mosaic takes ${side * side} images of shape [1, channels, height, width], got ${images.length}${first ? ` of [${first.shape}]` : ''}`
    )
  }
  if (height % side !== 0 || width % side !== 0) {
    throw new ShapeMismatchError(
      `${side} tiles a side divide neither ${height} nor ${width}: give images that they divide`
    )
  }
  const other = images.find(({ shape }) => !sameShape(shape, first.shape))
  if (other !== undefined) {
    throw new ShapeMismatchError(`a mosaic takes images of one shape, got [${first.shape}] and [${other.shape}]`)
  }
  return first
}
