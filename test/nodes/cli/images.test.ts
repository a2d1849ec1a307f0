import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import sharp from 'sharp'
import { imageFormat, imageQuery } from '../../../nodes/cli/images.ts'
import type { TensorSpec } from '../../../src/models/index.ts'

const plain = { mean: [0], std: [1] }

function input(shape: TensorSpec['shape'], dtype: TensorSpec['dtype'] = 'float32'): TensorSpec {
  return { name: 'x', dtype, shape }
}

/** A PNG of one row: a red, a green and a blue pixel. */
function redGreenBlue(): Promise<Uint8Array> {
  const pixels = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255)
  return sharp(pixels, { raw: { width: 3, height: 1, channels: 3 } })
    .png()
    .toBuffer()
}

describe('images as queries', () => {
  it('puts channels apart or together as the shape of the model says', async () => {
    const png = await redGreenBlue()
    const apart = await imageQuery('rgb.png', png, imageFormat(input([null, 3, 1, 3]), { ...plain, layout: 'nchw' }))
    assert.deepEqual(apart.shape, [1, 3, 1, 3])
    assert.deepEqual([...apart.data], [1, 0, 0, 0, 1, 0, 0, 0, 1])

    const png2 = await sharp(png).resize(2, 2, { fit: 'cover', position: 'left', kernel: 'nearest' }).png().toBuffer()
    const format = imageFormat(input([null, 2, 2, 3], 'uint8'), plain)
    assert.equal(format.layout, 'nhwc')
    const together = await imageQuery('rgb.png', png2, format)
    const pixels = await sharp(png2).raw().toBuffer()
    assert.deepEqual(together.shape, [1, 2, 2, 3])
    assert.deepEqual([...together.data], [...pixels], 'uint8 gets pixels as they are')
  })

  it('scales pixels to 0..1, takes the mean away and divides by std, for each channel', async () => {
    const format = imageFormat(input([null, 3, 1, 3]), { layout: 'nchw', mean: [0.5, 0, 1], std: [0.5, 2, 1] })
    const { data } = await imageQuery('rgb.png', await redGreenBlue(), format)
    assert.deepEqual([...data], [1, -1, -1, 0, 0.5, 0, -1, -1, 0])
  })

  it('gives grey values to a model with one channel, whatever channels the file has', async () => {
    const white = sharp({ create: { width: 5, height: 4, channels: 4, background: '#ffffffff' } })
    const format = imageFormat(input([null, 1, 4, 5]), plain)
    const { shape, data } = await imageQuery('white.png', await white.png().toBuffer(), format)
    assert.deepEqual(shape, [1, 1, 4, 5])
    assert.ok(Array.from(data.values(), Number).every(value => value === 1))
  })

  it('asks for what the signature leaves open', () => {
    assert.throws(() => imageFormat(input([null, 3, null, null]), plain), { code: 'ERR_USAGE', message: /--resize/ })
    assert.throws(() => imageFormat(input([null, null, 8, 8]), plain), { code: 'ERR_USAGE', message: /--layout/ })
    assert.throws(() => imageFormat(input([null, 1024]), plain), { code: 'ERR_USAGE', message: /\.npy/ })
    const resized = imageFormat(input([null, 3, null, null]), { ...plain, resize: { width: 6, height: 4 } })
    assert.deepEqual([resized.width, resized.height], [6, 4])
  })

  it('refuses numbers that do not fit the channels, and a division by zero', () => {
    const three = input([null, 3, 8, 8])
    assert.throws(() => imageFormat(three, { mean: [0, 1], std: [1] }), { code: 'ERR_USAGE', message: /--mean has 2/ })
    assert.throws(() => imageFormat(three, { mean: [0], std: [0] }), { code: 'ERR_USAGE', message: /--std/ })
  })

  it('refuses a file that is cut off', async () => {
    const png = await redGreenBlue()
    const format = imageFormat(input([null, 3, 4, 4]), plain)
    await assert.rejects(imageQuery('half.png', png.subarray(0, 40), format), {
      code: 'ERR_INPUT_FILE',
      message: /half\.png/
    })
  })
})
