import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { INFER_PROTOCOL } from '../../../protocols/infer/index.ts'
import type { Observation } from '../../../src/inference/index.ts'
import { Tensor } from '../../../src/tensor/index.ts'
import { connect, gate, Peers, row, submit, taskFor } from './peers.ts'

describe('a master and a worker', () => {
  it('agree on the models in their first frames', async () => {
    await using peers = new Peers()
    const worker = await peers.worker()
    const remote = await connect(await peers.master(), worker)

    assert.equal(remote.id, worker.peerId.toString())
    assert.deepEqual(
      remote.models.map(({ name, signature }) => ({ name, x: signature.inputs[0], size: signature.outputs[1] })),
      [
        {
          name: 'echo',
          x: { name: 'x', dtype: 'float32', shape: [null, null] },
          size: { name: 'size', dtype: 'int32', shape: [1] }
        }
      ]
    )
  })

  it('pass tensors on bit by bit, and the wanted outputs in their order', async () => {
    await using peers = new Peers()
    const remote = await connect(await peers.master(), await peers.worker())
    const bits = Uint32Array.of(0x00000001, 0x7fc00001, 0xff800000, 0x80000000, 0x3f800000)
    const x = new Tensor('float32', [1, 5], new Float32Array(bits.buffer))

    const { result, calls } = submit(remote.channel, taskFor(remote, x, { outputs: ['size', 'y'] }))
    const { outputs, timings } = await result

    assert.deepEqual(Object.keys(outputs), ['size', 'y'])
    assert.deepEqual(outputs.size.data, Int32Array.of(5))
    assert.deepEqual(outputs.y.bytes, x.bytes)
    assert.deepEqual(outputs.y.shape, [1, 5])
    assert.equal(calls.at(-1), 'result')
    for (const [stage, ms] of Object.entries(timings)) {
      assert.ok(ms >= 0 && ms < 20_000, `${stage} took ${ms} ms`)
    }
  })

  it('pass on a tensor of many pieces', async () => {
    await using peers = new Peers()
    const remote = await connect(await peers.master(), await peers.worker())
    const x = row(1_500_000)

    const { outputs } = await submit(remote.channel, taskFor(remote, x)).result

    assert.ok(Buffer.from(outputs.y.bytes).equals(x.bytes), 'the 6 MB that came back are not those that were sent')
  })

  it('pass on a tensor of 64 MB', async () => {
    const floats = 16 * 2 ** 20
    const x = Tensor.float32(new Float32Array(floats).fill(1 / 7), [1, floats])
    x.data[floats - 1] = 2
    await using peers = new Peers()
    const got = Promise.withResolvers<Tensor>()
    const run = (input: Tensor): Tensor => {
      got.resolve(input)
      return row(2)
    }
    const remote = await connect(await peers.master(), await peers.worker({ run }))
    const deadline = performance.now() + 55_000
    await submit(remote.channel, taskFor(remote, x, { deadline })).result

    const { bytes } = await got.promise
    assert.equal(bytes.length, 64 * 2 ** 20)
    assert.ok(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).equals(x.bytes), 'other bytes came')
  })

  it('use one stream however often they connect', async () => {
    await using peers = new Peers()
    const [master, worker] = [await peers.master(), await peers.worker()]
    const [first, second] = await Promise.all([connect(master, worker), connect(master, worker)])

    assert.equal(first, second)
    assert.equal(await connect(master, worker), first)
  })

  it('can be each other’s master and worker', async () => {
    await using peers = new Peers()
    const [a, b] = [await peers.worker(), await peers.worker()]
    const [toB, toA] = [await connect(a, b), await connect(b, a)]
    const results = await Promise.all([
      submit(toB.channel, taskFor(toB, row(3))).result,
      submit(toA.channel, taskFor(toA, row(4))).result
    ])

    assert.deepEqual(
      results.map(({ outputs }) => outputs.y.shape),
      [
        [1, 3],
        [1, 4]
      ]
    )
  })

  it('keep one stream each way when both dial at once', async () => {
    await using peers = new Peers()
    const [a, b] = [await peers.worker(), await peers.worker()]
    const [toB, toA] = await Promise.all([connect(a, b), connect(b, a)])
    await Promise.all([connect(a, b), connect(b, a)])
    await Promise.all([
      submit(toB.channel, taskFor(toB, row(3))).result,
      submit(toA.channel, taskFor(toA, row(4))).result
    ])

    for (const node of [a, b]) {
      const streams = node.getConnections().flatMap(connection => connection.streams)
      const directions = streams.filter(({ protocol }) => protocol === INFER_PROTOCOL).map(({ direction }) => direction)
      assert.deepEqual(directions.sort(), ['inbound', 'outbound'], 'as worker it has one, and as master another')
    }
  })

  it('connect anew after the stream was closed', async () => {
    await using peers = new Peers()
    const [master, worker] = [await peers.master(), await peers.worker()]
    const first = await connect(master, worker)
    await first.close()
    assert.equal((await first.closed).name, 'StreamClosedError')

    const second = await connect(master, worker)
    const { outputs } = await submit(second.channel, taskFor(second, row(2))).result
    assert.deepEqual(outputs.y.data, row(2).data)
  })
})

describe('credit', () => {
  it('keeps what goes beyond it at the master, and answers everything in the end', async () => {
    await using peers = new Peers()
    const held = gate()
    const credit = { requests: 3, bytes: 1024 * 1024 }
    const remote = await connect(await peers.master(), await peers.worker({ run: held.run, slots: 8, credit }))

    const tasks = Array.from({ length: 20 }, (_, i) => submit(remote.channel, taskFor(remote, row(8, i))))
    await tasks[2].accepted
    // a worker that serves another master's stream in the meantime shows that the fourth request is not on its way
    const other = await connect(await peers.master(), await peers.worker())
    await submit(other.channel, taskFor(other, row(8))).result
    assert.deepEqual(
      tasks.map(({ calls }) => calls.length),
      [1, 1, 1, ...Array(17).fill(0)],
      'three requests are accepted, the others wait'
    )
    assert.equal(held.runs(), 3)

    held.open()
    const results = await Promise.all(tasks.map(({ result }) => result))
    assert.deepEqual(
      results.map(({ outputs }) => outputs.y.data[0]),
      tasks.map((_, i) => i)
    )
  })

  it('goes to the earliest deadline first', async () => {
    await using peers = new Peers()
    const held = gate()
    const runs: number[] = []
    const run = async (x: Tensor): Promise<Tensor> => {
      runs.push(Number(x.data[0]))
      return held.run(x)
    }
    const credit = { requests: 1, bytes: 1024 * 1024 }
    const remote = await connect(await peers.master(), await peers.worker({ run, credit }))
    const began = performance.now()
    const ask = (number: number, deadline: number) =>
      submit(remote.channel, taskFor(remote, row(2, number), { deadline: began + deadline })).result
    const all = [ask(0, 30_000), ask(1, 29_000), ask(2, 27_000), ask(3, 28_000)]
    held.open()
    await Promise.all(all)
    assert.deepEqual(runs, [0, 2, 3, 1], 'the first left at once, the others as their deadlines are')
  })

  it('counts bytes too', async () => {
    await using peers = new Peers()
    const held = gate()
    const credit = { requests: 64, bytes: 100 }
    const remote = await connect(await peers.master(), await peers.worker({ run: held.run, slots: 8, credit }))

    const first = submit(remote.channel, taskFor(remote, row(20)))
    const second = submit(remote.channel, taskFor(remote, row(20)))
    await held.started
    assert.equal(held.runs(), 1)
    assert.deepEqual(second.calls, [])
    held.open()
    await Promise.all([first.result, second.result])
  })

  it('fails a request that it never has room for', async () => {
    await using peers = new Peers()
    const remote = await connect(await peers.master(), await peers.worker({ credit: { requests: 64, bytes: 100 } }))
    await assert.rejects(submit(remote.channel, taskFor(remote, row(26))).result, {
      name: 'RejectedByWorkerError',
      code: 'ERR_REJECTED',
      reason: 'too-large'
    })
  })

  it('is waited for no longer than the deadline', async () => {
    await using peers = new Peers()
    const held = gate()
    const credit = { requests: 1, bytes: 1024 }
    const remote = await connect(await peers.master(), await peers.worker({ run: held.run, credit }))
    const first = submit(remote.channel, taskFor(remote, row(2)))
    const second = submit(remote.channel, taskFor(remote, row(2), { deadline: performance.now() + 20 }))

    await assert.rejects(second.result, { name: 'SendTimeoutError', code: 'ERR_SEND_TIMEOUT' })
    held.open()
    await first.result
  })
})

describe('cancel', () => {
  it('before the request is sent keeps it from being sent', async () => {
    await using peers = new Peers()
    const held = gate()
    const credit = { requests: 1, bytes: 1024 }
    const remote = await connect(await peers.master(), await peers.worker({ run: held.run, credit }))
    const first = submit(remote.channel, taskFor(remote, row(2)))
    const second = submit(remote.channel, taskFor(remote, row(2)))
    second.cancel()
    second.cancel()
    held.open()
    await first.result
    await submit(remote.channel, taskFor(remote, row(2))).result

    assert.equal(held.runs(), 2)
    assert.deepEqual(second.calls, [])
  })

  it('while the model runs is silent, and its timings are observed', async () => {
    await using peers = new Peers()
    const held = gate()
    const observed = Promise.withResolvers<Observation>()
    const master = await peers.master({ observe: observed.resolve })
    const remote = await connect(master, await peers.worker({ run: held.run }))
    const task = submit(remote.channel, taskFor(remote, row(2)))
    await held.started
    task.cancel()
    // the cancel is at the worker before the run ends: frames keep their order, and this one is rejected there
    await assert.rejects(
      submit(remote.channel, taskFor(remote, row(2), { outputs: ['z'] })).result,
      /there is no output 'z'/
    )
    held.open()

    const { worker, model, outcome, timings } = await observed.promise
    assert.deepEqual({ worker, model, outcome }, { worker: remote.id, model: remote.models[0].id, outcome: 'failed' })
    assert.ok(timings !== undefined && timings.run > 0, 'the run went on to its end, and its time is known')
    assert.ok(task.calls.every(call => call === 'accepted'))
  })

  it('of a request in the worker’s queue keeps it from running, and gives its credit back', async () => {
    await using peers = new Peers()
    const held = gate()
    const observed = Promise.withResolvers<Observation>()
    const master = await peers.master({ observe: observed.resolve })
    const credit = { requests: 2, bytes: 1024 }
    const remote = await connect(master, await peers.worker({ run: held.run, credit }))
    const first = submit(remote.channel, taskFor(remote, row(2)))
    const second = submit(remote.channel, taskFor(remote, row(2)))
    await second.accepted
    second.cancel()
    assert.deepEqual((await observed.promise).timings, undefined)
    const third = submit(remote.channel, taskFor(remote, row(2)))
    await third.accepted
    held.open()
    await Promise.all([first.result, third.result])

    assert.equal(held.runs(), 2)
    assert.deepEqual(second.calls, ['accepted'])
  })

  it('while the model runs frees its slot in the turn in which the run ends', async () => {
    await using peers = new Peers()
    const [started, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const order: string[] = []
    const run = async (x: Tensor): Promise<Tensor> => {
      if (x.data[0] !== 0) {
        order.push('the next task runs')
        return x
      }
      started.resolve()
      await opened.promise
      setImmediate(() => order.push('the next turn'))
      return x
    }
    const remote = await connect(await peers.master(), await peers.worker({ run }))
    const [first, second] = [0, 1].map(number => submit(remote.channel, taskFor(remote, row(2, number))))
    await started.promise
    await second.accepted
    first.cancel()
    // the cancel is at the worker once a request that was sent after it is answered
    const third = submit(remote.channel, taskFor(remote, row(2), { outputs: ['z'] }))
    await assert.rejects(third.result, /there is no output 'z'/)
    opened.resolve()
    await second.result
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(order, ['the next task runs', 'the next turn'])
    assert.deepEqual(
      first.calls.filter(call => call !== 'accepted'),
      []
    )
  })

  it('after the result is of no effect', async () => {
    await using peers = new Peers()
    const remote = await connect(await peers.master(), await peers.worker())
    const task = submit(remote.channel, taskFor(remote, row(2)))
    await task.result
    task.cancel()
    await submit(remote.channel, taskFor(remote, row(2))).result
    assert.deepEqual(
      task.calls.filter(call => call !== 'accepted'),
      ['result']
    )
  })
})

describe('a worker rejects', () => {
  const reject = (reason: string) => ({ name: 'RejectedByWorkerError', code: 'ERR_REJECTED', reason })

  it('a model that it has not', async () => {
    await using peers = new Peers()
    const remote = await connect(await peers.master(), await peers.worker())
    const task = taskFor(remote, row(2), { model: '0'.repeat(64) })
    await assert.rejects(submit(remote.channel, task).result, reject('unknown-model'))
  })

  it('an input of the wrong shape, dtype or name before it reads the body, and goes on', async () => {
    await using peers = new Peers()
    const remote = await connect(await peers.master(), await peers.worker())
    const [x] = [row(300_000)]
    const flat = taskFor(remote, x.reshape([300_000]))
    const bytes = taskFor(remote, new Tensor('uint8', [1, 4], new Uint8Array(4)))
    const name = taskFor(remote, x, { inputs: { z: x } })

    for (const task of [flat, bytes, name]) {
      const { result, calls } = submit(remote.channel, task)
      await assert.rejects(result, reject('bad-input'))
      assert.deepEqual(calls, ['failed RejectedByWorkerError'])
    }
    await submit(remote.channel, taskFor(remote, x)).result
  })

  it('what its queue has no room for', async () => {
    await using peers = new Peers()
    const held = gate()
    const remote = await connect(await peers.master(), await peers.worker({ run: held.run, maxQueued: 1 }))
    const tasks = Array.from({ length: 3 }, () => submit(remote.channel, taskFor(remote, row(2))))
    await assert.rejects(tasks[2].result, reject('queue-full'))
    held.open()
    await Promise.all([tasks[0].result, tasks[1].result])
  })

  it('a request whose deadline passes in its queue', async () => {
    await using peers = new Peers()
    const held = gate()
    let time = 0
    const worker = await peers.worker({ run: held.run, now: () => time })
    const remote = await connect(await peers.master(), worker)
    const first = submit(remote.channel, taskFor(remote, row(2)))
    const second = submit(remote.channel, taskFor(remote, row(2)))
    await second.accepted
    time = 60_000
    held.open()

    await first.result
    await assert.rejects(second.result, reject('deadline'))
    assert.equal(held.runs(), 1)
  })

  it('everything once it stops', async () => {
    await using peers = new Peers()
    const admission = await peers.admission()
    const master = await peers.master()
    const worker = await peers.master({ admission })
    const remote = await connect(master, worker)
    await admission.stop()
    await assert.rejects(submit(remote.channel, taskFor(remote, row(2))).result, reject('stopping'))
  })

  it('a result that is larger than the master takes', async () => {
    await using peers = new Peers()
    const master = await peers.master({ maxBodyBytes: 1000 })
    const remote = await connect(master, await peers.worker())
    await assert.rejects(submit(remote.channel, taskFor(remote, row(251))).result, reject('too-large'))
    await submit(remote.channel, taskFor(remote, row(250))).result
  })
})

describe('a model that fails', () => {
  it('fails its own request, and no other', async () => {
    await using peers = new Peers()
    const run = (x: Tensor): Tensor => {
      if (x.data[0] === 13) {
        throw new Error('unlucky')
      }
      return x
    }
    const remote = await connect(await peers.master(), await peers.worker({ run }))
    const bad = submit(remote.channel, taskFor(remote, row(2, 13)))
    const good = submit(remote.channel, taskFor(remote, row(2, 14)))

    await assert.rejects(bad.result, { name: 'RemoteRunError', code: 'ERR_REMOTE_RUN', message: /unlucky/ })
    await good.result
  })
})
