import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { random } from '../../src/chance/index.ts'
import { shrinking } from '../../src/students/index.ts'

const shape = { channels: 2, height: 12, width: 8 }

/** An image by the value at each channel, row and column. */
function drawn(value: (c: number, y: number, x: number) => number): Float32Array {
  return Float32Array.from({ length: 2 * 12 * 8 }, (_, i) => value(Math.floor(i / 96), Math.floor(i / 8) % 12, i % 8))
}

describe('shrinking images', () => {
  it('leaves an image of one colour in each channel as it is, of any size', () => {
    for (const seen of [1, 3 / 4]) {
      const small = shrinking(shape, { height: 5, width: 3, seen })(drawn(c => 0.25 + c))
      assert.equal(small.length, 30)
      small.forEach((value, i) => {
        assert.ok(Math.abs(value - (i < 15 ? 0.25 : 1.25)) < 1e-6, `pixel ${i} is ${value}`)
      })
    }
  })

  it('is the image itself at its own size', () => {
    const chance = random(1)
    const image = drawn(() => chance())
    assert.deepEqual(shrinking(shape, { height: 12, width: 8, seen: 1 })(image), image)
  })

  it('keeps where things are: a ramp stays a ramp, of the pixels that are seen', () => {
    const ramp = drawn((_, y) => y + 0.5)
    const whole = shrinking(shape, { height: 6, width: 4, seen: 1 })(ramp)
    // Those at the borders blend what is inside alone.
    for (const row of [2, 3])
      assert.ok(Math.abs(whole[row * 4] - (2 * row + 1)) < 1e-5, `row ${row}: ${whole[row * 4]}`)
    const inner = shrinking(shape, { height: 4, width: 4, seen: 2 / 3 })(ramp)
    for (const row of [1, 2])
      assert.ok(Math.abs(inner[row * 4] - (2 * row + 3)) < 1e-5, `row ${row}: ${inner[row * 4]}`)
  })

  it('shows nothing of what is too fine for it', () => {
    const checks = drawn((_, y, x) => (x + y) % 2)
    const small = shrinking(shape, { height: 6, width: 4, seen: 1 })(checks)
    for (const row of [2, 3]) assert.ok(Math.abs(small[row * 4 + 1] - 0.5) < 1e-6, `got ${small[row * 4 + 1]}`)
  })
})
