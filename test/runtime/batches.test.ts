import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NamedTensors } from '../../src/models/index.ts'
import {
  type Admission,
  admission,
  type BatchTimes,
  CancelledError,
  functionExecutor,
  type RowsTime,
  type TaskHeader
} from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** A run costs 8 ms and 1 ms for each row: company pays. */
const TIMES = [1, 2, 4, 8].map(rows => ({ rows, ms: 8 + rows }))

interface Bench {
  queue: Admission
  /** The values of the rows of each run that began, in order. */
  began: number[][]
  /** Ends the run in progress after so many ms; by default, as many as were measured. */
  release(ms?: number): Promise<void>
  clock: { now: number }
  header(change?: Partial<TaskHeader>): TaskHeader
  /** A task of one row, or of one row for each value. */
  run(values: number | number[], change?: Partial<TaskHeader>): Promise<number>
  /** Everything that was asked to run has run, and this is how it ended. */
  drained<T>(outcomes: Array<Promise<T>>): Promise<Array<PromiseSettledResult<T>>>
}

interface Choice {
  times?: readonly RowsTime[]
  /** Fails a run that has a row of this value. */
  poison?: number
}

/** A queue with one slot in front of two models that double their rows; every run is held until it is released. */
async function bench({ times = TIMES, poison }: Choice = {}): Promise<Bench> {
  const began: number[][] = []
  let running: (() => void) | undefined
  const spec = { dtype: 'float32', shape: [null, 1] } as const
  const model = (name: string) => ({
    name,
    signature: {
      inputs: [{ name: 'x', ...spec }],
      outputs: [
        { name: 'y', ...spec },
        { name: 'z', ...spec }
      ]
    },
    run: ({ x }: NamedTensors) => {
      const values = Array.from(x.data, Number)
      began.push(values)
      const y = Tensor.float32(
        values.map(value => 2 * value),
        x.shape
      )
      return new Promise<NamedTensors>((resolve, reject) => {
        running = () =>
          poison !== undefined && values.includes(poison) ? reject(new Error('bad row')) : resolve({ y, z: y })
      })
    }
  })
  const executor = functionExecutor({ models: [model('measured'), model('unmeasured')] })
  await executor.start()
  const clock = { now: 0 }
  const batchTimes: BatchTimes = new Map([[executor.models[0].id, times]])
  const queue = admission({ executor, batchTimes, now: () => clock.now })
  const header = (change: Partial<TaskHeader> = {}): TaskHeader => ({
    model: executor.models[0].id,
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, 1] }],
    outputs: ['y'],
    deadline: 1000,
    ...change
  })
  const release = async (ms = 8 + (began.at(-1)?.length ?? 0)): Promise<void> => {
    clock.now += ms
    running?.()
    running = undefined
    await new Promise(setImmediate)
  }
  return {
    queue,
    began,
    clock,
    header,
    release,
    async run(values, change) {
      const rows = [values].flat()
      const inputs = [{ name: 'x', dtype: 'float32', shape: [rows.length, 1] } as const]
      const { outputs } = await queue
        .admit(header({ inputs, ...change }))
        .run({ x: Tensor.float32(rows, [rows.length, 1]) })
      assert.deepEqual(outputs.y?.shape ?? outputs.z.shape, [rows.length, 1])
      return Number((outputs.y ?? outputs.z).data[0])
    },
    async drained(outcomes) {
      const ends = Promise.allSettled(outcomes)
      while (running !== undefined) {
        await release()
      }
      return ends
    }
  }
}

function values<T>(outcomes: Array<PromiseSettledResult<T>>): Array<T | string> {
  return outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason.name)))
}

describe('tasks that wait for the same model', () => {
  it('share a run, and each gets its own row', async () => {
    const { run, began, drained } = await bench()
    const outcomes = await drained([1, 2, 3, 4, 5].map(value => run(value)))
    assert.deepEqual(began, [[1], [2, 3, 4, 5]])
    assert.deepEqual(values(outcomes), [2, 4, 6, 8, 10])
  })

  it('run one by one where a batch takes as long as its rows', async () => {
    const { run, began, drained } = await bench({ times: [1, 2, 4].map(rows => ({ rows, ms: 8 * rows })) })
    await drained([1, 2, 3, 4, 5].map(value => run(value)))
    assert.deepEqual(began, [[1], [2], [3], [4], [5]])
  })

  it('run one by one where nothing was measured, several rows are in a task, or other outputs are wanted', async () => {
    const { queue, run, began, drained } = await bench()
    const unmeasured = queue.models[1].id
    await drained([
      run(1),
      run(2, { model: unmeasured }),
      run(3, { model: unmeasured }),
      run([4, 5]),
      run([6, 7]),
      run(8),
      run(9, { outputs: ['z'] })
    ])
    assert.deepEqual(began, [[1], [2], [3], [4, 5], [6, 7], [8], [9]])
  })

  it('never share a run that would end after a deadline of theirs', async () => {
    const { run, began, drained } = await bench()
    // The first run ends at 9; two rows take 10 ms, four 12.
    await drained([run(1), run(2, { deadline: 9 + 11 }), run(3), run(4), run(5)])
    assert.deepEqual(began, [[1], [2, 3], [4, 5]])
  })

  it('never share a run that would make a task of another kind miss its deadline', async () => {
    const { run, began, drained } = await bench()
    // Alone each takes 9 ms, two take 10: then the other one, which begins at 18 or 19, ends at 27 or 28.
    const other = { outputs: ['z'], deadline: 27.5 }
    await drained([run(1), run(2, { deadline: 25 }), run(3), run(4, other)])
    assert.deepEqual(began, [[1], [2], [4], [3]])
  })

  it('share a run although a task of another kind misses its deadline, when it does so anyway', async () => {
    const { run, began, drained } = await bench()
    const outcomes = await drained([run(1), run(2, { deadline: 25 }), run(3), run(4, { outputs: ['z'], deadline: 26 })])
    assert.deepEqual(began, [[1], [2, 3], [4]])
    assert.deepEqual(values(outcomes), [2, 4, 6, 8])
  })

  it('share smaller runs when runs have become slower than they were measured', async () => {
    const { run, began, release, drained } = await bench()
    const slow = run(1)
    await release(6 * 9)
    await slow
    began.length = 0
    // Two rows are taken to need 12.1 ms now, four 14.6.
    const deadline = 6 * 9 + 9 + 13
    await drained([run(1), ...[2, 3, 4, 5].map(value => run(value, { deadline }))])
    assert.deepEqual(began[1], [2, 3])
  })

  it('stop sharing runs that take longer than was measured', async () => {
    const { run, began, release } = await bench()
    const sizes: number[][] = []
    for (let wave = 0; wave < 6; wave++) {
      began.length = 0
      const ends = Promise.allSettled(Array.from({ length: 64 }, (_, i) => run(i, { deadline: 100_000 })))
      while (began.flat().length < 64) {
        // Each row takes 9 ms: company does not pay.
        await release(9 * (began.at(-1)?.length ?? 0))
      }
      await release()
      await ends
      sizes.push(began.map(({ length }) => length))
    }
    assert.ok(Math.max(...sizes[0]) > 1, `at first no run was shared: ${sizes[0]}`)
    assert.equal(Math.max(...sizes[5]), 1, `runs were still shared: ${sizes[5]}`)
  })

  it('are answered one by one when their run fails, so that one bad row fails alone', async () => {
    const { run, began, drained } = await bench({ poison: 3 })
    const outcomes = await drained([1, 2, 3, 4, 5].map(value => run(value)))
    assert.deepEqual(began, [[1], [2, 3, 4, 5], [2], [3], [4], [5]])
    assert.deepEqual(values(outcomes), [2, 4, 'RunFailedError', 8, 10])
  })

  it('are dropped one by one: a cancelled one tells its times, the others get their rows', async () => {
    const { queue, header, run, began, release, drained } = await bench()
    const first = run(1)
    const ticket = queue.admit(header())
    const cancelled = ticket.run({ x: Tensor.float32([2], [1, 1]) })
    const other = run(3)
    await release(5)
    ticket.cancel()
    await release()
    await assert.rejects(cancelled, error => {
      assert.ok(error instanceof CancelledError, `expected a CancelledError, got ${error}`)
      assert.equal(error.timings?.queueMs, 5)
      return true
    })
    assert.deepEqual(values(await drained([first, other])), [2, 6])
    assert.deepEqual(began, [[1], [2, 3]])
  })

  it('are rejected, and do not run again, when their run fails while the queue stops', async () => {
    const { queue, run, began, release } = await bench({ poison: 2 })
    const outcomes = Promise.allSettled([1, 2, 3].map(value => run(value)))
    await release()
    const stopping = queue.stop()
    await release()
    await stopping
    assert.deepEqual(values(await outcomes), [2, 'RejectedError', 'RejectedError'])
    assert.deepEqual(began, [[1], [2, 3]])
  })
})
