import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  calibrateShrunk,
  createPeer,
  type Peer,
  ProfileMismatchError,
  type ShrunkDescription
} from '../../nodes/index.ts'
import { InvalidShrunkProfileError, parseShrunkProfile } from '../../src/profiles/index.ts'
import { type Executor, type OnnxModel, onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { anySize, blobs } from './any-size.ts'

/** Answers for one model, and never for the others until that is over. */
function onlyFor(name: string, executor: Executor, over: Promise<never>): Executor {
  return {
    slots: 16,
    get models() {
      return executor.models
    },
    start: () => executor.start(),
    run: task => (executor.models.find(({ id }) => id === task.model)?.name === name ? executor.run(task) : over),
    stop: () => executor.stop()
  }
}

describe('descriptions that workers run', () => {
  const peers: Peer[] = []
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})
  const images = Tensor.float32(Float32Array.from(blobs(300, 2).flatMap(image => [...image])), [300, 1, 16, 16])
  let folder: string
  let models: OnnxModel[]
  let calibrated: ShrunkDescription

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-description-test-'))
    models = ['deployed', 'description'].map(name => ({ name, path: path.join(folder, `${name}.onnx`) }))
    await writeFile(models[0].path, anySize(1))
    const made = await calibrateShrunk({ model: models[0], data: images.rows(0, 250) })
    assert.ok(made !== undefined)
    calibrated = made
    await writeFile(models[1].path, made.file)
  })

  after(async () => {
    over.reject(new Error('the test is over'))
    await Promise.all(peers.map(peer => peer.stop()))
    await rm(folder, { recursive: true })
  })

  it('have a profile that is the same as JSON, and believe no other', () => {
    const { profile } = calibrated
    assert.deepEqual(parseShrunkProfile(JSON.stringify(profile)), profile)
    for (const wrong of ['{', '{}', JSON.stringify({ ...profile, together: 0 })]) {
      assert.throws(() => parseShrunkProfile(wrong), InvalidShrunkProfileError)
    }
  })

  it('answer queries of which no worker answers a copy, several in one run, as the model mostly does', async () => {
    const workers = await Promise.all(
      Array.from({ length: 6 }, () => {
        return createPeer({ executor: onlyFor('description', onnxExecutor({ models }), over.promise) })
      })
    )
    const master = await createPeer({ listen: [], bootstrap: workers.flatMap(({ addresses }) => addresses) })
    peers.push(master, ...workers)
    await master.waitForWorkers({ model: 'deployed', count: workers.length, signal: AbortSignal.timeout(20_000) })
    const { profile } = calibrated
    const queries = images.rows(250, 254)
    const asked = { model: 'deployed', queries, k: 4, n: 6, stragglers: 4, description: profile, deadline: 10_000 }
    const { outcomes, groups } = await master.infer(asked)
    const described = groups[0].tasks.filter(({ role }) => role === 'description')
    assert.ok(described.length > 0 && described.every(({ queries: shared }) => shared.length === profile.together))
    const answered = new Set(described.flatMap(({ queries: shared }) => shared))
    outcomes.forEach((outcome, query) => {
      if (!answered.has(query)) return
      assert.ok(outcome.status === 'reconstructed' && outcome.source === 'description', `query ${query}`)
      assert.ok(
        (outcome.expected?.agreement ?? 0) > 1 / 3,
        `it is expected to agree with ${outcome.expected?.agreement}`
      )
    })
    await assert.rejects(
      master.infer({ ...asked, description: { ...profile, model: profile.description } }),
      ProfileMismatchError
    )
  })
})
