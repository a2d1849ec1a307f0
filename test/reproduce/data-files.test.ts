import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { create } from 'tar'
import { readCifar10 } from '../../scripts/reproduce/cifar10.ts'
import { dataFile, knownFile, unpacked } from '../../scripts/reproduce/data-files.ts'
import { readPhotos } from '../../scripts/reproduce/photos.ts'

describe('a folder of data', () => {
  let folder = ''
  const file = 'set/file.bin'

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-data-'))
    await mkdir(path.join(folder, 'data', 'set'), { recursive: true })
    await writeFile(path.join(folder, 'data', file), 'seven')
  })
  after(() => rm(folder, { recursive: true }))

  it('has its files under data/, or is itself that folder', async () => {
    for (const given of [folder, path.join(folder, 'data')]) {
      const { found, content } = await dataFile(given, file)
      assert.equal(found, path.join(folder, 'data', file))
      assert.equal(Buffer.from(content).toString(), 'seven')
    }
  })

  it('is missed, and so is a file that is not in it, by name', async () => {
    await assert.rejects(dataFile(undefined, file), { name: 'MissingDataError', message: /set\/file\.bin.*--data/ })
    await assert.rejects(dataFile(folder, 'set/other.bin'), { name: 'MissingDataError', message: /other\.bin/ })
  })

  it('has files that are known by their content', async () => {
    const sha256 = createHash('sha256').update('seven').digest('hex')
    assert.equal((await knownFile(folder, file, sha256)).length, 5)
    await assert.rejects(knownFile(folder, file, sha256.replace(/^./, 'x')), {
      name: 'ReproduceError',
      message: /sha-256/
    })
  })

  it('lacks CIFAR-10, the photos and their model, which is said by name', async () => {
    await assert.rejects(readCifar10(folder), { name: 'MissingDataError', message: /train_jpeg\.tar|test_5000\.bin/ })
    await assert.rejects(readPhotos(folder), { name: 'MissingDataError', message: /mobilenet/ })
  })

  it('has archives, of which files that pass are unpacked in the order of their names', async () => {
    for (const name of ['b', 'c', 'a']) await writeFile(path.join(folder, name), `content of ${name}`)
    const archive = path.join(folder, 'all.tar')
    await create({ file: archive, cwd: folder }, ['b', 'c', 'a'])
    const files = await unpacked(await readFile(archive), name => name !== 'c')
    assert.deepEqual(
      files.map(({ name, content }) => [name, Buffer.from(content).toString()]),
      [
        ['a', 'content of a'],
        ['b', 'content of b']
      ]
    )
  })
})
