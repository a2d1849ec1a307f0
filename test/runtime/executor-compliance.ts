import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { ModelId } from '../../src/models/index.ts'
import type { Executor, RunRequest } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { affineSignature, counting } from './fixture-models.ts'

/**
 * What every executor promises.
 *
 * @param make an executor that is not started, with two slots and the models `affine` and `two-inputs` of
 * `fixture-models.ts`
 * @param skip why it cannot be run here
 */
export function executorCompliance(name: string, make: () => Executor, skip: string | false = false): void {
  describe(`executor compliance: ${name}`, { skip }, () => {
    // One for all that only run: that none of them spoils it for the next is promised, and a process takes long to start.
    const executor = make()
    before(() => executor.start())
    after(() => executor.stop())

    async function another(t: TestContext): Promise<Executor> {
      const made = make()
      t.after(() => made.stop())
      await made.start()
      return made
    }

    const idOf = (model: string): ModelId => {
      const found = executor.models.find(each => each.name === model)
      assert.ok(found, `there is no model '${model}' among ${executor.models.map(each => each.name)}`)
      return found.id
    }
    const affine = (request: Partial<RunRequest> = {}): RunRequest => ({
      model: idOf('affine'),
      inputs: { x: counting(1) },
      outputs: ['double'],
      ...request
    })

    it('lists its models with a sha-256 as id and their signatures', () => {
      assert.deepEqual(executor.models.map(model => model.name).sort(), ['affine', 'two-inputs'])
      for (const { id } of executor.models) {
        assert.match(id, /^[0-9a-f]{64}$/)
      }
      const model = executor.models.find(each => each.name === 'affine')
      assert.deepEqual(model?.signature, affineSignature)
    })

    for (const rows of [1, 7]) {
      it(`runs a batch of ${rows}`, async () => {
        const { outputs, runMs } = await executor.run(
          affine({ inputs: { x: counting(rows) }, outputs: ['double', 'sum'] })
        )
        const expected = Array.from({ length: 4 * rows }, (_, i) => 2 * i)
        assert.deepEqual(outputs.double, Tensor.float32(expected, [rows, 4]))
        assert.deepEqual(
          outputs.sum,
          Tensor.float32(
            Array.from({ length: rows }, (_, i) => 16 * i + 6),
            [rows, 1]
          )
        )
        assert.ok(runMs >= 0, `runMs is ${runMs}`)
      })
    }

    it('gives the outputs that were asked for and no other', async () => {
      const { outputs } = await executor.run(affine({ outputs: ['sum'] }))
      assert.deepEqual(Object.keys(outputs), ['sum'])
    })

    it('takes inputs by name, also as views of one buffer', async () => {
      const body = Float32Array.of(-1, 1, 2, 3, 4, -1)
      const left = Tensor.float32(body.subarray(1, 3), [1, 2])
      const right = Tensor.float32(body.subarray(3, 5), [1, 2])
      const { outputs } = await executor.run({ model: idOf('two-inputs'), inputs: { right, left }, outputs: ['y'] })
      assert.deepEqual(outputs.y, Tensor.float32([31, 42], [1, 2]))
    })

    it('takes inputs whose memory cannot be moved', async () => {
      const shared = new Float32Array(new SharedArrayBuffer(16))
      shared.set([1, 2, 3, 4])
      const pooled = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)
      const views = [shared, new Float32Array(pooled.buffer, pooled.byteOffset, 4)]
      for (const data of views) {
        const { outputs } = await executor.run(affine({ inputs: { x: new Tensor('float32', [1, 4], data) } }))
        assert.deepEqual(outputs.double.data, Float32Array.of(2, 4, 6, 8))
      }
    })

    it('runs as many at once as it has slots, and refuses one more', async () => {
      assert.equal(executor.slots, 2)
      const running = [executor.run(affine()), executor.run(affine())]
      await assert.rejects(executor.run(affine()), { name: 'ExecutorBusyError', code: 'ERR_EXECUTOR_BUSY' })
      const results = await Promise.all(running)
      assert.deepEqual(
        results.map(({ outputs }) => outputs.double.data),
        [Float32Array.of(0, 2, 4, 6), Float32Array.of(0, 2, 4, 6)]
      )
    })

    const refusals: Array<[string, () => RunRequest, string]> = [
      ['an unknown model', () => affine({ model: '0'.repeat(64) }), 'ModelNotFoundError'],
      ['a missing input', () => affine({ inputs: {} }), 'SignatureMismatchError'],
      ['an unknown input', () => affine({ inputs: { x: counting(1), z: counting(1) } }), 'SignatureMismatchError'],
      ['an unknown output', () => affine({ outputs: ['logits'] }), 'SignatureMismatchError'],
      ['no wanted output', () => affine({ outputs: [] }), 'SignatureMismatchError'],
      [
        'an input of another dtype',
        () => affine({ inputs: { x: new Tensor('int32', [1, 4], new Int32Array(4)) } }),
        'DtypeMismatchError'
      ],
      [
        'an input of another length',
        () => affine({ inputs: { x: Tensor.float32(new Float32Array(5), [1, 5]) } }),
        'ShapeMismatchError'
      ],
      [
        'an input of another rank',
        () => affine({ inputs: { x: Tensor.float32(new Float32Array(4)) } }),
        'ShapeMismatchError'
      ]
    ]
    for (const [what, request, error] of refusals) {
      it(`refuses ${what} by a ${error}, and goes on`, async () => {
        await assert.rejects(executor.run(request()), { name: error })
        const { outputs } = await executor.run(affine())
        assert.deepEqual(outputs.double.data, Float32Array.of(0, 2, 4, 6))
      })
    }

    it('does not run before it is started', async () => {
      const model = idOf('affine')
      const other = make()
      await assert.rejects(other.run({ model, inputs: { x: counting(1) }, outputs: ['sum'] }), {
        name: 'ExecutorStoppedError',
        message: /not started/
      })
      await other.stop()
    })

    it('does not run after it was stopped, nor start again', async t => {
      const other = await another(t)
      await other.stop()
      await assert.rejects(other.run(affine()), { name: 'ExecutorStoppedError', code: 'ERR_EXECUTOR_STOPPED' })
      await assert.rejects(other.start(), { name: 'ExecutorStoppedError' })
    })

    it('awaits the run in progress when it is stopped, and refuses new ones at once', async t => {
      const other = await another(t)
      let ended = false
      const running = other.run(affine()).then(result => {
        ended = true
        return result
      })
      const stopping = other.stop()
      await assert.rejects(other.run(affine()), { name: 'ExecutorStoppedError' })
      await stopping
      assert.ok(ended, 'stop() was over before the run was')
      assert.deepEqual((await running).outputs.double.data, Float32Array.of(0, 2, 4, 6))
    })

    it('starts and stops any number of times to the same effect', async t => {
      const other = await another(t)
      await Promise.all([other.start(), other.start()])
      assert.equal(other.models.length, 2)
      await Promise.all([other.stop(), other.stop()])
      await other.stop()
    })

    it('stops while it starts', async () => {
      const other = make()
      const starting = other.start()
      await other.stop()
      await starting
      await assert.rejects(other.run(affine()), { name: 'ExecutorStoppedError' })
    })
  })
}
