import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createPeer, type Peer } from '../../nodes/index.ts'
import { parseParityProfile } from '../../src/profiles/index.ts'
import { type Executor, onnxExecutor } from '../../src/runtime/index.ts'
import { parseNpy, type Tensor } from '../../src/tensor/index.ts'
import { stalled } from './stalled.ts'

const digits = new URL('../../scripts/models/digits/', import.meta.url)

function digitsExecutor(name: string): Executor {
  return onnxExecutor({ models: [{ name, path: fileURLToPath(new URL(`${name}.onnx`, digits)) }] })
}

function argmax({ data }: Tensor): number {
  const values = Array.from(data, Number)
  return values.indexOf(Math.max(...values))
}

describe('the two parity models of the digits', () => {
  const peers: Peer[] = []
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})
  after(async () => {
    over.reject(new Error('the test is over'))
    await Promise.all(peers.map(peer => peer.stop()))
  })

  it('give both predictions of a pair none of which is answered, as often right as their profile says', async () => {
    const parity = parseParityProfile(await readFile(new URL('parity-k2-r2.json', digits), 'utf8'))
    const workers = await Promise.all(
      [stalled(digitsExecutor('lenet5'), over.promise), digitsExecutor('parity-k2'), digitsExecutor('parity-k2-2')].map(
        executor => createPeer({ executor })
      )
    )
    const master = await createPeer({ listen: [], bootstrap: workers.flatMap(({ addresses }) => addresses) })
    peers.push(master, ...workers)
    for (const model of ['lenet5', 'parity-k2', 'parity-k2-2']) {
      await master.waitForWorkers({ model, signal: AbortSignal.timeout(20_000) })
    }
    const images = parseNpy(await readFile(new URL('test-images.npy', digits)))
    const labels = Array.from(parseNpy(await readFile(new URL('test-labels.npy', digits))).data, Number)
    const asked = 60
    const queries = images.rows(0, asked)
    const { outcomes } = await master.infer({ model: 'lenet5', queries, parity, deadline: 20_000 })
    const right = outcomes.filter(({ status, ...outcome }, i) => {
      assert.equal(status, 'reconstructed', `query ${i}`)
      return 'output' in outcome && argmax(outcome.output) === labels[i]
    })
    const { agreement } = parity.missing[1]
    assert.ok(agreement !== undefined)
    // Four standard errors of so many draws, which come in pairs.
    const error = Math.sqrt((2 * agreement.mean * (1 - agreement.mean)) / asked)
    const apart = Math.abs(right.length / asked - agreement.mean)
    assert.ok(apart < 4 * error, `${right.length} of ${asked} are right, ${agreement.mean} were said to be`)
  })
})
