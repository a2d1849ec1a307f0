import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NamedTensors } from '../../src/models/index.ts'
import {
  type Admission,
  type AdmissionInit,
  admission,
  CancelledError,
  type Executor,
  functionExecutor,
  RejectedError,
  type TaskHeader,
  type TaskOutcome
} from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

interface Bench {
  executor: Executor
  queue: Admission
  /** Runs that began, by the value of their input, in order. */
  began: number[]
  /** Lets the oldest run that is held end. */
  release(): void
  clock: { now: number }
  header(change?: Partial<TaskHeader>): TaskHeader
  /** Admits a task with the one input `value` and gives it its body. */
  run(value: number, change?: Partial<TaskHeader>): Promise<TaskOutcome>
}

/** An admission queue in front of an echo whose every run is held until it is released, on a clock that is moved by hand. */
async function bench(init: Partial<AdmissionInit> & { slots?: number } = {}): Promise<Bench> {
  const began: number[] = []
  const held: Array<() => void> = []
  const spec = { name: 'x', dtype: 'float32', shape: [null] } as const
  const executor = functionExecutor({
    slots: init.slots ?? 1,
    models: [
      {
        name: 'echo',
        signature: { inputs: [spec], outputs: [spec] },
        run: inputs => {
          began.push(Number(inputs.x.data[0]))
          return new Promise(resolve => held.push(() => resolve(inputs)))
        }
      }
    ]
  })
  await executor.start()
  const clock = { now: 1000 }
  const queue = admission({ executor, now: () => clock.now, ...init })
  const header = (change: Partial<TaskHeader> = {}): TaskHeader => ({
    model: executor.models[0].id,
    inputs: [{ name: 'x', dtype: 'float32', shape: [1] }],
    outputs: ['x'],
    deadline: 2000,
    ...change
  })
  return {
    executor,
    queue,
    began,
    clock,
    header,
    release() {
      const end = held.shift()
      assert.ok(end, 'no run is held: nothing to release')
      end()
    },
    run: (value, change) => queue.admit(header(change)).run({ x: Tensor.float32([value]) })
  }
}

function rejection(reason: string) {
  return { name: 'RejectedError', code: 'ERR_REJECTED', reason }
}

describe('admission', () => {
  it('runs a task and says how long it waited', async () => {
    const { run, release, clock } = await bench()
    const first = run(1)
    const second = run(2)
    clock.now += 30
    release()
    assert.equal((await first).queueMs, 0)
    release()
    const { outputs, queueMs, runMs } = await second
    assert.deepEqual(outputs.x.data, Float32Array.of(2))
    assert.equal(queueMs, 30)
    assert.ok(runMs >= 0, `runMs is ${runMs}`)
  })

  it('runs at most as many at once as there are slots, first come, first served, where deadlines are equal', async () => {
    const { run, release, began } = await bench({ slots: 2 })
    const outcomes = [1, 2, 3, 4].map(value => run(value))
    assert.deepEqual(began, [1, 2])
    release()
    await outcomes[0]
    assert.deepEqual(began, [1, 2, 3])
    release()
    release()
    await Promise.all(outcomes.slice(1, 3))
    assert.deepEqual(began, [1, 2, 3, 4])
    release()
    await outcomes[3]
  })

  it('runs the earliest deadline first', async () => {
    const { run, release, began } = await bench()
    const outcomes = [run(1), run(2, { deadline: 4000 }), run(3, { deadline: 3000 }), run(4, { deadline: 3500 })]
    for (const next of [0, 2, 3, 1]) {
      release()
      await outcomes[next]
    }
    assert.deepEqual(began, [1, 3, 4, 2])
  })

  it('starts tasks of one deadline in the order in which their bodies came', async () => {
    const { queue, header, run, release, began } = await bench()
    const running = run(1)
    const slowBody = queue.admit(header())
    const next = run(2)
    const last = slowBody.run({ x: Tensor.float32([3]) })
    for (const outcome of [running, next, last]) {
      release()
      await outcome
    }
    assert.deepEqual(began, [1, 2, 3])
  })

  const badInputs: Array<[string, Partial<TaskHeader>, string]> = [
    ['an unknown input', { inputs: [{ name: 'z', dtype: 'float32', shape: [1] }] }, 'SignatureMismatchError'],
    ['a missing input', { inputs: [] }, 'SignatureMismatchError'],
    [
      'an input that comes twice',
      {
        inputs: [
          { name: 'x', dtype: 'float32', shape: [1] },
          { name: 'x', dtype: 'float32', shape: [1] }
        ]
      },
      'SignatureMismatchError'
    ],
    ['another dtype', { inputs: [{ name: 'x', dtype: 'int8', shape: [1] }] }, 'DtypeMismatchError'],
    ['another rank', { inputs: [{ name: 'x', dtype: 'float32', shape: [1, 1] }] }, 'ShapeMismatchError'],
    [
      'a length that is no whole number',
      { inputs: [{ name: 'x', dtype: 'float32', shape: [0.5] }] },
      'ShapeMismatchError'
    ],
    ['an unknown output', { outputs: ['y'] }, 'SignatureMismatchError'],
    ['an output that is named twice', { outputs: ['x', 'x'] }, 'SignatureMismatchError']
  ]
  for (const [what, change, cause] of badInputs) {
    it(`rejects ${what} by its header`, async () => {
      const { queue, header } = await bench()
      assert.throws(
        () => queue.admit(header(change)),
        error => {
          assert.ok(error instanceof RejectedError, `expected a RejectedError, got ${error}`)
          assert.equal(error.reason, 'bad-input')
          assert.ok(
            error.cause instanceof Error && error.cause.name === cause,
            `expected a ${cause}, got ${error.cause}`
          )
          return true
        }
      )
    })
  }

  it('rejects an unknown model and a deadline that has passed', async () => {
    const { queue, header, clock } = await bench()
    assert.throws(() => queue.admit(header({ model: '0'.repeat(64) })), rejection('unknown-model'))
    assert.throws(() => queue.admit(header({ deadline: clock.now })), rejection('deadline'))
  })

  it('rejects what does not fit the queue, and finds room again when a run ends', async () => {
    const { queue, header, run, release } = await bench({ maxQueued: 1 })
    const first = run(1)
    const second = run(2)
    assert.throws(() => queue.admit(header()), rejection('queue-full'))
    release()
    await first
    const third = run(3)
    for (const outcome of [second, third]) {
      release()
      await outcome
    }
  })

  it('says when to ask again, from the runs so far', async () => {
    const { queue, header, run, release, clock } = await bench({ maxQueued: 1 })
    const first = run(1)
    const second = run(2)
    assert.throws(
      () => queue.admit(header()),
      (error: RejectedError) => error.retryAfterMs === undefined,
      'no run has ended: there is nothing to say'
    )
    clock.now += 40
    release()
    await first
    const third = run(3)
    assert.throws(() => queue.admit(header()), { ...rejection('queue-full'), retryAfterMs: 80 })
    for (const outcome of [second, third]) {
      release()
      await outcome
    }
  })

  it('counts a place from the header on, before the body comes', async () => {
    const { queue, header } = await bench({ maxQueued: 0 })
    const ticket = queue.admit(header())
    assert.throws(() => queue.admit(header()), rejection('queue-full'))
    ticket.cancel()
    queue.admit(header()).cancel()
  })

  it('bounds the bytes of the inputs that it holds', async () => {
    const { queue, header } = await bench({ maxQueuedBytes: 100 })
    const bytes = (size: number) => header({ inputs: [{ name: 'x', dtype: 'float32', shape: [size / 4] }] })
    const ticket = queue.admit(bytes(60))
    assert.throws(() => queue.admit(bytes(44)), rejection('queue-full'))
    queue.admit(bytes(40)).cancel()
    ticket.cancel()
    queue.admit(bytes(100)).cancel()
    assert.throws(() => queue.admit(bytes(2 ** 52)), rejection('queue-full'))
  })

  it('lets late tasks make room, bodies or not', async () => {
    const { queue, header, run, release, clock, began } = await bench({ maxQueued: 2 })
    const running = run(1, { deadline: 5000 })
    const waiting = run(2)
    const noBody = queue.admit(header())
    clock.now = 2000
    const fresh = run(3, { deadline: 5000 })
    await assert.rejects(waiting, rejection('deadline'))
    await assert.rejects(noBody.run({ x: Tensor.float32([4]) }), rejection('deadline'))
    release()
    await running
    release()
    await fresh
    assert.deepEqual(began, [1, 3])
  })

  it('never runs a task whose deadline passes while it waits', async () => {
    const { run, release, clock, began } = await bench()
    const running = run(1)
    const late = run(2)
    clock.now = 2000
    release()
    await running
    await assert.rejects(late, rejection('deadline'))
    assert.deepEqual(began, [1])
  })

  it('never runs a task that was cancelled while it waited', async () => {
    const { queue, header, run, release, began } = await bench()
    const running = run(1)
    const ticket = queue.admit(header())
    const cancelled = ticket.run({ x: Tensor.float32([2]) })
    ticket.cancel()
    await assert.rejects(cancelled, { name: 'CancelledError', code: 'ERR_CANCELLED', timings: undefined })
    release()
    await running
    assert.deepEqual(began, [1])
  })

  it('drops the result of a run that is cancelled, keeps its slot to the end, and tells its timings', async () => {
    const { queue, header, run, release, began } = await bench()
    const ticket = queue.admit(header())
    const cancelled = ticket.run({ x: Tensor.float32([1]) })
    const next = run(2)
    ticket.cancel()
    assert.deepEqual(began, [1], 'the slot of a run in progress went to another task')
    release()
    await assert.rejects(cancelled, error => {
      assert.ok(error instanceof CancelledError, `expected a CancelledError, got ${error}`)
      assert.equal(error.timings?.queueMs, 0)
      assert.equal(typeof error.timings?.runMs, 'number')
      return true
    })
    release()
    assert.deepEqual((await next).outputs.x.data, Float32Array.of(2))
  })

  it('ignores a cancel after the end', async () => {
    const { queue, header, release } = await bench()
    const ticket = queue.admit(header())
    const outcome = ticket.run({ x: Tensor.float32([1]) })
    release()
    await outcome
    ticket.cancel()
    ticket.cancel()
    assert.deepEqual((await outcome).outputs.x.data, Float32Array.of(1))
  })

  it('rejects the body of a ticket that was cancelled', async () => {
    const { queue, header, began } = await bench()
    const ticket = queue.admit(header())
    ticket.cancel()
    await assert.rejects(ticket.run({ x: Tensor.float32([1]) }), { code: 'ERR_CANCELLED' })
    assert.deepEqual(began, [])
  })

  it('fails a result with a missing or another output', async () => {
    const x = Tensor.float32([1])
    const wrong: NamedTensors[] = [{}, { y: x }, { x, y: x }]
    for (const outputs of wrong) {
      const { executor, header } = await bench()
      const queue = admission({ executor: { ...stub(executor), run: async () => ({ outputs, runMs: 0 }) } })
      const ticket = queue.admit(header({ deadline: Number.POSITIVE_INFINITY }))
      await assert.rejects(ticket.run({ x: Tensor.float32([1]) }), { name: 'RunFailedError', code: 'ERR_RUN_FAILED' })
    }
  })

  it('passes a failed run on and goes on with the next', async () => {
    const { executor, header } = await bench()
    const failures = [new Error('first fails')]
    const queue = admission({
      executor: {
        ...stub(executor),
        run: async ({ inputs }) => {
          const failure = failures.shift()
          if (failure !== undefined) {
            throw failure
          }
          return { outputs: inputs, runMs: 0 }
        }
      }
    })
    const run = () => queue.admit(header({ deadline: Number.POSITIVE_INFINITY })).run({ x: Tensor.float32([1]) })
    const [first, second] = [run(), run()]
    await assert.rejects(first, { message: 'first fails' })
    assert.deepEqual((await second).outputs.x.data, Float32Array.of(1))
  })

  it('rejects as stopping what reaches a stopped executor', async () => {
    const { executor, run } = await bench()
    await executor.stop()
    await assert.rejects(run(1), rejection('stopping'))
  })

  it('stops: rejects what waits, awaits what runs, admits no more', async () => {
    const { queue, header, run, release, began } = await bench()
    const running = run(1)
    const waiting = run(2)
    const noBody = queue.admit(header())
    let stopped = false
    const stopping = queue.stop().then(() => {
      stopped = true
    })
    await assert.rejects(waiting, rejection('stopping'))
    await assert.rejects(noBody.run({ x: Tensor.float32([3]) }), rejection('stopping'))
    assert.throws(() => queue.admit(header()), rejection('stopping'))
    assert.equal(stopped, false, 'stop() did not await the run in progress')
    release()
    assert.deepEqual((await running).outputs.x.data, Float32Array.of(1))
    await stopping
    await queue.stop()
    assert.deepEqual(began, [1])
  })

  it('refuses bounds that are no whole numbers', async () => {
    await assert.rejects(bench({ maxQueued: -1 }), { name: 'RuntimeOptionError', code: 'ERR_RUNTIME_OPTION' })
    await assert.rejects(bench({ maxQueuedBytes: 0.5 }), { name: 'RuntimeOptionError' })
  })
})

/** The lifeless parts of an executor, to be given another `run`. */
function stub({ models, slots }: Executor): Omit<Executor, 'run'> {
  return { models, slots, start: async () => {}, stop: async () => {} }
}
