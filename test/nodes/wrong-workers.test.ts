import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { calibrate, createPeer, type FinalAnswer, type Peer } from '../../nodes/index.ts'
import type { Profile } from '../../src/codes/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { type Executor, functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { CLASSES, synthetic } from '../codes/synthetic.ts'

const INPUTS = 16
const WORKERS = 12
const GROUPS = 20
const K = 4

describe('twelve workers, one of whom lies', () => {
  const source = synthetic(5)
  const queriesOf = (count: number) => Array.from({ length: count }, () => Tensor.float32(source.query(), [1, INPUTS]))
  const peers: Peer[] = []
  let profile: Profile
  let master: Peer
  let liar: string

  /** The model; or what a liar makes of it, each class with the score of the next: as plausible as the truth. */
  function executor(answer: (logits: Float32Array) => Float32Array): Executor {
    const run = ({ x }: NamedTensors): NamedTensors => {
      const [count] = x.shape
      const rows = Array.from({ length: count }, (_, i) => answer(source.model(x.row(i).data as Float32Array)))
      return {
        logits: Tensor.float32(
          rows.flatMap(row => [...row]),
          [count, CLASSES]
        )
      }
    }
    const signature = {
      inputs: [{ name: 'x', dtype: 'float32' as const, shape: [null, INPUTS] }],
      outputs: [{ name: 'logits', dtype: 'float32' as const, shape: [null, CLASSES] }]
    }
    return functionExecutor({ models: [{ name: 'smooth', signature, run }] })
  }

  const honest = (logits: Float32Array) => logits
  const rolled = (logits: Float32Array) => logits.map((_, c) => logits[(c + 1) % CLASSES])

  before(async () => {
    const own = executor(honest)
    await own.start()
    const plans = [{ k: K, n: WORKERS, code: { name: 'nercc', lambdaEncode: 0, lambdaDecode: 0 } as const }]
    ;({ profile } = await calibrate({ executor: own, model: 'smooth', data: queriesOf(600), plans, groups: 60 }))
    await own.stop()
    const answers = Array.from({ length: WORKERS }, (_, i) => (i === 0 ? rolled : honest))
    peers.push(...(await Promise.all(answers.map(answer => createPeer({ executor: executor(answer) })))))
    liar = peers[0].id
    master = await createPeer({ listen: [], bootstrap: peers.flatMap(({ addresses }) => addresses) })
    peers.push(master)
    await master.waitForWorkers({ model: 'smooth', count: WORKERS })
  })
  after(() => Promise.all(peers.map(peer => peer.stop())))

  const ask = (groups: number, maxWrong: number) =>
    master.infer({
      model: 'smooth',
      queries: queriesOf(K * groups),
      profile,
      maxWrong,
      stragglers: 0,
      deadline: 10_000,
      concurrency: 1
    })

  const namedIn = ({ groups }: FinalAnswer) =>
    groups.map(({ tasks }) => tasks.filter(({ status }) => status === 'wrong').map(({ worker }) => worker))

  it('has the liar found, named, and its result left out', async () => {
    const named = namedIn(await ask(GROUPS, 1))
    const found = named.filter(workers => workers.includes(liar)).length
    const slandered = named.flat().filter(worker => worker !== liar).length
    assert.ok(found >= 0.9 * GROUPS, `found in ${found} of ${GROUPS} groups`)
    assert.ok(slandered <= 0.01 * GROUPS * (WORKERS - 1), `${slandered} honest results were left out`)
  })

  it('is trusted less from then on: others are asked first, but for one place in twenty, to see what became of it', async () => {
    const places = GROUPS * (WORKERS - 1)
    const { groups } = await master.infer({
      model: 'smooth',
      queries: queriesOf(places),
      k: WORKERS - 1,
      code: 'uncoded',
      deadline: 10_000,
      concurrency: 1
    })
    const asked = groups.filter(({ tasks }) => tasks.some(({ worker }) => worker === liar)).length
    // Each of twelve that are trusted alike would be in eleven groups of twelve.
    assert.ok(asked <= places / 20, `the liar is in ${asked} of ${groups.length} groups`)
  })
})
