import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { macsOf } from '../../scripts/reproduce/macs.ts'

const models = new URL('../../scripts/models/', import.meta.url)

describe('the multiply-adds of a model', () => {
  it('are counted where its weights are kept as float16 too', async () => {
    const [own, mosaic] = await Promise.all(
      ['cifar10/resnet20.onnx', 'cifar10/mosaic-k4.onnx'].map(file => macsOf(fileURLToPath(new URL(file, models))))
    )
    // The mosaic is the same network with a last layer for each of its four tiles: 64 × 10 more for three of them.
    assert.equal(mosaic - own, 3 * 640)
  })
})
