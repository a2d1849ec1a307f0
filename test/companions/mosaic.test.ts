import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mosaic, tilesOf } from '../../src/companions/index.ts'
import { ShapeMismatchError, Tensor } from '../../src/tensor/index.ts'

/** An image of two channels, 4×6, each pixel saying where it is and on which image. */
function image(which: number): Tensor {
  const pixels = [0, 1].flatMap(channel =>
    [0, 1, 2, 3].flatMap(y => [0, 1, 2, 3, 4, 5].map(x => 1000 * which + 100 * channel + 10 * y + x))
  )
  return Tensor.float32(pixels, [1, 2, 4, 6])
}

const SQUARE = { rows: 2, columns: 2 }

describe('a mosaic', () => {
  it('has each image shrunk to means in a tile of its own, row by row, in all channels', () => {
    const { shape, data } = mosaic([0, 1, 2, 3].map(image), SQUARE)
    assert.deepEqual(shape, [1, 2, 4, 6])
    const mean = (which: number, channel: number, y: number, x: number) =>
      1000 * which + 100 * channel + 10 * (2 * y + 0.5) + 2 * x + 0.5
    for (const channel of [0, 1]) {
      for (const y of [0, 1, 2, 3]) {
        for (const x of [0, 1, 2, 3, 4, 5]) {
          const which = 2 * Math.floor(y / 2) + Math.floor(x / 3)
          assert.equal(data[channel * 24 + y * 6 + x], mean(which, channel, y % 2, x % 3), `at ${channel}, ${y}, ${x}`)
        }
      }
    }
  })

  it('has two images one above the other, each with all of its columns', () => {
    const { data } = mosaic([0, 1].map(image), tilesOf(2))
    const column = [0, 1, 2, 3].map(y => data[y * 6 + 5])
    assert.deepEqual(column, [10, 30, 1010, 1030])
  })

  it('is as near to a square as its images can be put', () => {
    assert.deepEqual(
      [2, 3, 4, 6, 12].map(tilesOf).map(({ rows, columns }) => [rows, columns]),
      [
        [2, 1],
        [3, 1],
        [2, 2],
        [3, 2],
        [4, 3]
      ]
    )
  })

  it('is refused of other images than a square of them, all alike, whose sides it divides', () => {
    assert.throws(() => mosaic([0, 1, 2].map(image), SQUARE), ShapeMismatchError)
    assert.throws(() => mosaic([], SQUARE), ShapeMismatchError)
    assert.throws(
      () =>
        mosaic(
          Array.from({ length: 9 }, (_, i) => image(i)),
          tilesOf(9)
        ),
      ShapeMismatchError
    )
    const other = image(3).reshape([1, 2, 6, 4])
    assert.throws(() => mosaic([...[0, 1, 2].map(image), other], SQUARE), ShapeMismatchError)
    assert.throws(
      () =>
        mosaic(
          [0, 1, 2, 3].map(i => image(i).reshape([2, 4, 6])),
          SQUARE
        ),
      ShapeMismatchError
    )
  })
})
