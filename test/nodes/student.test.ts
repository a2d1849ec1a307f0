import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  calibrateStudent,
  createPeer,
  fitStudent,
  InvalidOptionError,
  LearningStudent,
  type Peer,
  ProfileMismatchError
} from '../../nodes/index.ts'
import { InvalidPlanError, SELF } from '../../src/inference/index.ts'
import { InvalidStudentProfileError, parseStudentProfile, type StudentProfile } from '../../src/profiles/index.ts'
import { type OnnxModel, onnxExecutor } from '../../src/runtime/index.ts'
import { parseNpy, type Tensor } from '../../src/tensor/index.ts'
import { stalled } from './stalled.ts'

const digits = new URL('../../scripts/models/digits/', import.meta.url)
const LENET: OnnxModel = { name: 'lenet5', path: new URL('lenet5.onnx', digits).pathname }
const SHAPE = { channels: 1, height: 32, width: 32 }
const FITTED = 250

describe('a student that the master asks', () => {
  const peers: Peer[] = []
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})
  let folder: string
  let images: Tensor
  let profile: StudentProfile
  let student: OnnxModel

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-student-test-'))
    student = { name: 'student', path: path.join(folder, 'student.onnx') }
    images = parseNpy(await readFile(new URL('test-images.npy', digits)))
    await writeFile(student.path, await fitted(images.rows(0, FITTED)))
    const both = onnxExecutor({ models: [LENET, student] })
    await both.start()
    const data = images.rows(FITTED, images.shape[0])
    profile = await calibrateStudent({ executor: both, model: 'lenet5', student: 'student', data })
    await both.stop()
  })
  after(async () => {
    over.reject(new Error('the test is over'))
    await Promise.all(peers.map(peer => peer.stop()))
    await rm(folder, { recursive: true })
  })

  /** What the master needs of a model's answers to these images. */
  async function fitted(queries: Tensor): Promise<Uint8Array> {
    const executor = onnxExecutor({ models: [LENET] })
    await executor.start()
    const [{ id }] = executor.models
    const { outputs } = await executor.run({ model: id, inputs: { image: queries.clone() }, outputs: ['logits'] })
    await executor.stop()
    const rows = Array.from({ length: FITTED }, (_, i) => i)
    const values = (tensor: Tensor) => rows.map(i => Float32Array.from(tensor.row(i).data, Number))
    return fitStudent({ queries: values(queries), shape: SHAPE, logits: values(outputs.logits), patches: 24 })
  }

  /** A master that knows its student, workers that answer, and others that do not. */
  async function mesh({ answering, all }: Record<'answering' | 'all', number>): Promise<Peer> {
    const companions = [student, LENET]
    // one for all that never answer: it only says what it could run
    const silent = stalled(onnxExecutor({ models: [LENET] }), over.promise)
    const workers = await Promise.all(
      Array.from({ length: all }, (_, i) =>
        createPeer({ executor: i < answering ? onnxExecutor({ models: [LENET] }) : silent })
      )
    )
    const master = await createPeer({
      listen: [],
      companions,
      bootstrap: workers.flatMap(({ addresses }) => addresses)
    })
    peers.push(master, ...workers)
    await master.waitForWorkers({ model: 'lenet5', count: workers.length, signal: AbortSignal.timeout(20_000) })
    return master
  }

  it('is worth less than the model, and its profile says how much, as JSON too', () => {
    assert.ok(
      profile.error > 0 &&
        (profile.regret ?? 0) > 0 &&
        profile.agreements[0] < 1 &&
        profile.agreements.at(-1) === profile.agreements.toSorted().at(-1)
    )
    assert.deepEqual(parseStudentProfile(JSON.stringify(profile)), profile)
    for (const wrong of ['{', '{}', JSON.stringify({ ...profile, agreements: [2] })]) {
      assert.throws(() => parseStudentProfile(wrong), InvalidStudentProfileError)
    }
  })

  it('answers the queries that no worker answers, and says that it was the student; or runs the model by itself', async () => {
    const master = await mesh({ answering: 1, all: 6 })
    const queries = images.rows(FITTED, FITTED + 4)
    const asked = { model: 'lenet5', queries, k: 4, n: 6, stragglers: 5, student: profile, deadline: 10_000 }
    const { outcomes, groups } = await master.infer(asked)
    const sources = outcomes.map(outcome => ('source' in outcome ? outcome.source : outcome.status)).sort()
    assert.deepEqual(sources, ['exact', 'student', 'student', 'student'])
    for (const outcome of outcomes) {
      const agreement = 'expected' in outcome ? outcome.expected?.agreement : undefined
      assert.ok(outcome.status === 'exact' || (agreement !== undefined && agreement > 0 && agreement <= 1))
    }
    assert.equal(groups[0].tasks.filter(({ role }) => role === 'student').length, 1)
    assert.equal(groups[0].stop, 'enough')
    const rescued = await master.infer({ ...asked, student: undefined, rescue: true, deadline: 4000, quality: 1 })
    assert.deepEqual(new Set(rescued.outcomes.map(({ status }) => status)), new Set(['exact']))
    const own = rescued.groups[0].tasks.filter(({ worker }) => worker === SELF)
    assert.ok(own.length > 0 && own.every(({ role }) => role === 'query'))
    await assert.rejects(master.infer({ ...asked, code: 'nercc' }), InvalidPlanError)
    await assert.rejects(
      master.infer({ ...asked, student: { ...profile, model: profile.student } }),
      ProfileMismatchError
    )
    await assert.rejects(
      master.infer({ ...asked, student: { ...profile, student: '0'.repeat(64) } }),
      ProfileMismatchError
    )
  })

  it('learns from what it serves until it is worth something, and says what', async () => {
    const master = await mesh({ answering: 2, all: 2 })
    const learning = new LearningStudent({ companion: 'student', block: 100 })
    const asked = { model: 'lenet5', k: 20, n: 20, student: learning, deadline: 10_000, concurrency: 1 }
    const first = await master.infer({ ...asked, queries: images.rows(0, 20) })
    assert.equal(learning.on, false)
    assert.deepEqual(new Set(first.outcomes.map(({ status }) => status)), new Set(['exact']))
    for (let rounds = 0; !learning.on && rounds < 20; rounds++) {
      await master.infer({ ...asked, queries: images.rows(0, 200) })
    }
    assert.ok(learning.on, 'it had seen 4,000 queries')
    assert.ok(learning.agreement !== undefined && learning.agreement > 0.5, `it agrees in ${learning.agreement}`)
    const other = { ...asked, output: 'softmax', queries: images.rows(0, 4) }
    await assert.rejects(master.infer(other), ProfileMismatchError)
    const unknown = new LearningStudent({ companion: 'lenet5' })
    await assert.rejects(master.infer({ ...other, student: unknown }), InvalidOptionError)
  })
})
