import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { CHUNK_BYTES, chunkCount } from '../../../src/models/index.ts'
import { connect, model, Peers } from './peers.ts'

describe('a model', () => {
  it('is fetched by its id, checked chunk by chunk, and then given to others', async () => {
    await using peers = new Peers()
    const lenet = await model(5)
    const [seed, first, second] = [await peers.peer({ has: [lenet] }), await peers.peer(), await peers.peer()]
    await connect(first, seed)
    const chunks: number[] = []
    const fetched = await first.services.models.fetch(lenet.id, {
      name: 'lenet',
      progress: progress => chunks.push(progress.chunks)
    })
    assert.deepEqual(chunks, [1, 2, 3, 4, 5])
    assert.equal(fetched.name, 'lenet')
    assert.deepEqual(readFileSync(fetched.path), Buffer.from(lenet.bytes))

    await seed.stop()
    await connect(second, first)
    const again = await second.services.models.fetch(lenet.id)
    assert.deepEqual(readFileSync(again.path), Buffer.from(lenet.bytes))
  })

  it('that is in the cache is not fetched', async () => {
    await using peers = new Peers()
    const lenet = await model(1)
    const alone = await peers.peer({ has: [lenet] })
    assert.equal((await alone.services.models.fetch(lenet.id)).bytes, lenet.bytes.length)
  })

  it('is fetched from several peers, each of which sends a part', async () => {
    await using peers = new Peers()
    const large = await model(24)
    const seeds = [
      await peers.peer({ has: [large] }),
      await peers.peer({ has: [large] }),
      await peers.peer({ has: [large] })
    ]
    const asker = await peers.peer()
    await connect(asker, ...seeds)
    const from = new Map<string, number>()
    await asker.services.models.fetch(large.id, {
      progress: progress => from.set(progress.from, (from.get(progress.from) ?? 0) + 1)
    })
    assert.deepEqual(new Set(from.keys()), new Set(seeds.map(({ peerId }) => peerId.toString())))
    assert.equal(
      [...from.values()].reduce((sum, chunks) => sum + chunks),
      24,
      'no chunk counts twice'
    )
  })

  it('goes from one that is fetching it to another that is', async () => {
    await using peers = new Peers()
    const large = await model(24)
    const seed = await peers.peer({ has: [large] })
    const [near, far] = [await peers.peer(), await peers.peer()]
    await connect(near, seed)
    await connect(far, near)
    const fetched = await Promise.all([near, far].map(peer => peer.services.models.fetch(large.id)))
    assert.deepEqual(
      fetched.map(({ id }) => id),
      [large.id, large.id]
    )
  })

  it('is served from a file outside the cache too, unless that file has changed', async () => {
    await using peers = new Peers()
    const [lenet, other] = [await model(2), await model(2)]
    const seed = await peers.peer({ has: [lenet] })
    const [cached] = await seed.cache.list()
    const served = new Map([
      [lenet.id, cached.path],
      [other.id, cached.path]
    ])
    const server = await peers.peer({ served: () => served })
    const asker = await peers.peer({ timeouts: { patience: 300 } })
    await connect(asker, server)
    assert.equal((await asker.services.models.fetch(lenet.id)).id, lenet.id)
    await assert.rejects(asker.services.models.fetch(other.id), { code: 'ERR_MODEL_UNAVAILABLE' })
  })

  it('that nobody has fails by name, and says so of the peers that were asked', async () => {
    await using peers = new Peers()
    const [lenet, other] = [await model(1), await model(1)]
    const asker = await peers.peer({ timeouts: { patience: 100 } })
    await connect(asker, await peers.peer({ has: [other] }))
    await assert.rejects(asker.services.models.fetch(lenet.id), {
      name: 'ModelUnavailableError',
      code: 'ERR_MODEL_UNAVAILABLE'
    })
    assert.deepEqual(await asker.cache.list(), [])
  })

  it('that is not on the list of those allowed is not fetched', async () => {
    await using peers = new Peers()
    const [lenet, other] = [await model(1), await model(1)]
    const asker = await peers.peer({ allow: [lenet.id] })
    await connect(asker, await peers.peer({ has: [lenet, other] }))
    await asker.services.models.fetch(lenet.id)
    await assert.rejects(asker.services.models.fetch(other.id), { name: 'ModelNotAllowedError' })
  })

  it('is fetched once for several callers, and given up when the last of them gives up', async () => {
    await using peers = new Peers()
    const lenet = await model(3)
    const asker = await peers.peer()
    const [patient, hasty] = [new AbortController(), new AbortController()]
    const first = asker.services.models.fetch(lenet.id, { signal: hasty.signal })
    const second = asker.services.models.fetch(lenet.id, { signal: patient.signal })
    hasty.abort(new Error('too slow'))
    await assert.rejects(first, { message: 'too slow' })
    await connect(asker, await peers.peer({ has: [lenet] }))
    assert.equal((await second).id, lenet.id)
  })

  it('that was interrupted goes on from the chunks that are on disk, whichever they are', async () => {
    await using peers = new Peers()
    const large = await model(16)
    const seed = await peers.peer({ has: [large] })
    const asker = await peers.peer()
    await connect(asker, seed)
    const stop = new AbortController()
    const interrupted = asker.services.models.fetch(large.id, {
      signal: stop.signal,
      progress: ({ chunks }) => chunks === 6 && stop.abort(new Error('power cut'))
    })
    await assert.rejects(interrupted, { message: 'power cut' })
    await asker.stop()

    const again = await peers.peer({ folder: asker.folder })
    await connect(again, seed)
    const chunks: number[] = []
    await again.services.models.fetch(large.id, { progress: progress => chunks.push(progress.chunks) })
    assert.ok(chunks.length <= chunkCount(large.bytes.length) - 6, `${chunks.length} chunks were fetched again`)
    assert.equal(chunks.at(-1), 16)
  })

  it('makes room in a cache that is full, by evicting what was used longest ago', async () => {
    await using peers = new Peers()
    const [old, recent, wanted] = [await model(1), await model(1), await model(2)]
    const folder = peers.folder()
    await peers.peer({ folder, has: [old, recent] })
    const asker = await peers.peer({ folder, maxBytes: 2.25 * CHUNK_BYTES })
    await connect(asker, await peers.peer({ has: [wanted] }))
    await asker.cache.use(recent.id)
    await asker.services.models.fetch(wanted.id)
    assert.deepEqual(new Set((await asker.cache.list()).map(({ id }) => id)), new Set([recent.id, wanted.id]))
    const tooLarge = await model(3)
    await connect(asker, await peers.peer({ has: [tooLarge] }))
    await assert.rejects(asker.services.models.fetch(tooLarge.id), { name: 'CacheFullError', code: 'ERR_CACHE_FULL' })
  })
})
