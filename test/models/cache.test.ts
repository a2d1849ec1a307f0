import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { cidOf, contentId, type ModelCache, modelCache, parseModelId } from '../../src/models/index.ts'

const fixtures = path.resolve(import.meta.dirname, '../fixtures/models')
const [affine, slow] = [path.join(fixtures, 'affine.onnx'), path.join(fixtures, 'slow.onnx')]
const affineId = contentId(readFileSync(affine))

describe('the cache of models', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'splinemesh-cache-'))
  let folder = ''
  let cache: ModelCache
  let clock = 0

  beforeEach(() => {
    folder = mkdtempSync(path.join(root, 'cache-'))
    clock = 1000
    cache = modelCache({ folder, maxBytes: 800, now: () => clock++ })
  })

  after(() => rmSync(root, { recursive: true }))

  it('is empty before anything is in it, also where its folder does not exist', async () => {
    const none = modelCache({ folder: path.join(root, 'none'), now: Date.now })
    assert.deepEqual(await none.list(), [])
    assert.equal(await none.use(affineId), undefined)
  })

  it('keeps a file under its content id, with the name that it was given last', async () => {
    await cache.add(affine, 'first')
    const { id, name, bytes, path: file } = await cache.add(affine, 'second')
    assert.deepEqual({ id, name, bytes }, { id: affineId, name: 'second', bytes: 229 })
    assert.deepEqual(readFileSync(file), readFileSync(affine))
    assert.equal((await cache.list()).length, 1)
  })

  it('takes no file that is unsafe, and leaves nothing of it', async () => {
    const text = path.join(root, 'text.onnx')
    writeFileSync(text, 'not a model')
    await assert.rejects(cache.add(text, 'text'), { code: 'ERR_MALFORMED_MODEL' })
    assert.deepEqual(readdirSync(folder), [])
  })

  it('finds a file that was changed on disk, and removes it', async () => {
    const { path: file } = await cache.add(affine, 'affine')
    await cache.verify(affineId)
    copyFileSync(slow, file)
    await assert.rejects(cache.verify(affineId), { name: 'ModelCorruptError', code: 'ERR_MODEL_CORRUPT' })
    assert.deepEqual(await cache.list(), [])
  })

  it('removes a model, and says when there is none', async () => {
    await cache.add(affine, 'affine')
    await cache.remove(affineId)
    assert.deepEqual(readdirSync(folder), [])
    await assert.rejects(cache.remove(affineId), { name: 'ModelNotCachedError', code: 'ERR_MODEL_NOT_CACHED' })
  })

  it('evicts what was used longest ago, and never what this process uses', async () => {
    const other = modelCache({ folder, maxBytes: 800, now: () => clock++ })
    await other.add(affine, 'affine')
    await other.add(path.join(fixtures, 'float16.onnx'), 'float16')
    await cache.add(slow, 'slow')
    assert.deepEqual((await cache.list()).map(({ name }) => name).sort(), ['float16', 'slow'])
    await assert.rejects(cache.add(affine, 'affine'), { name: 'CacheFullError', code: 'ERR_CACHE_FULL' })
  })
})

describe('a model id', () => {
  const hex = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

  it('is written as a CID of the whole file, and read from it', () => {
    // what `ipfs add --cid-version 1 --raw-leaves` says of the file "abc"
    assert.equal(cidOf(hex), 'bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu')
    assert.equal(parseModelId(cidOf(hex)), hex)
    assert.equal(parseModelId(hex.toUpperCase()), hex)
  })

  it('is nothing else: no text, no CID of a folder or of another hash', () => {
    for (const text of ['', 'lenet5', hex.slice(1), 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG']) {
      assert.equal(parseModelId(text), undefined, text)
    }
  })
})
