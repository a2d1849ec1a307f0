import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { download, readIdx, readMnist } from '../../scripts/reproduce/mnist.ts'

const content = Buffer.from('seven')
const sha256 = createHash('sha256').update(content).digest('hex')
const servers: Server[] = []

async function mirror(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object', 'a TCP server has an address')
  return `http://127.0.0.1:${address.port}/file.gz`
}

describe('a download', () => {
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  })

  it('comes from the first mirror that has the file', async () => {
    const without = await mirror((_, response) => response.writeHead(404).end())
    const having = await mirror((_, response) => response.end(gzipSync(content)))
    const found = await download([without, having], sha256)
    assert.deepEqual(Buffer.from(found?.unpacked ?? []), content)
  })

  it('is refused when it is not the file that was asked for', async () => {
    const lying = await mirror((_, response) => response.end(gzipSync('eight')))
    await assert.rejects(download([lying], sha256), { name: 'ReproduceError', message: /sha-256/ })
    const broken = await mirror((_, response) => response.end('no gzip'))
    await assert.rejects(download([broken], sha256), { name: 'ReproduceError', message: /unpacked/ })
  })

  it('is nothing where no mirror can be reached', async () => {
    const address = await mirror((_, response) => response.destroy())
    assert.equal(await download([address], sha256), undefined)
  })
})

describe('MNIST in a folder', () => {
  it('is missed by name, with where it was looked for', async () => {
    const empty = await mkdtemp(path.join(tmpdir(), 'splinemesh-mnist-'))
    try {
      await assert.rejects(readMnist(empty), { name: 'MissingDataError', message: /train-images-idx3-ubyte\.gz/ })
    } finally {
      await rm(empty, { recursive: true })
    }
  })
})

describe('an idx file', () => {
  const file = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6)

  it('has a shape and values', () => {
    const { shape, values } = readIdx(file)
    assert.deepEqual(shape, [2, 3])
    assert.deepEqual([...values], [1, 2, 3, 4, 5, 6])
  })

  it('is refused when values are missing, or when it is something else', () => {
    assert.throws(() => readIdx(file.subarray(0, -1)), { message: /6 values, got 5/ })
    assert.throws(() => readIdx(Uint8Array.of(0, 0, 13, 1)), { message: /00 00 08/ })
  })
})
