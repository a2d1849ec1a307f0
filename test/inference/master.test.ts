import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../../nodes/calls.ts'
import type { Outcome, TaskReport } from '../../src/inference/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { type Behaviour, type Mesh, type OpenMesh, query, realMesh, run, virtualMesh } from './mesh.ts'

const channels: Array<[string, OpenMesh]> = [
  ['virtual channels', virtualMesh],
  ['libp2p over loopback', realMesh]
]

for (const [name, open] of channels) {
  describe(`the master over ${name}`, () => {
    const within = async (workers: Behaviour[], use: (mesh: Mesh) => Promise<void>): Promise<void> => {
      const mesh = await open(workers)
      try {
        await use(mesh)
      } finally {
        await mesh.close()
      }
    }

    it('answers more queries than K in the order of the caller, the last group smaller', async () => {
      await within(fleet(5), async mesh => {
        const queries = [0, 10, 20, 30, 40, 50, 60].map(query)
        const answer = await mesh.infer(queries, { code: 'replication', k: 3, n: 5 })
        assert.deepEqual(statuses(answer), Array(7).fill('exact'))
        queries.forEach((x, position) => {
          assert.deepEqual(output(answer.outcomes[position]), [...run({ x }).y.data], `query ${position}`)
        })
        assert.deepEqual(
          answer.groups.map(({ k }) => k),
          [3, 3, 1]
        )
      })
    })

    it('decodes every query from coded results although three of twelve workers never answer', async () => {
      await within([...fleet(9), ...stalled(3)], async mesh => {
        const answer = await mesh.infer([1, 2, 3, 4].map(query), { code: 'nercc', k: 4, n: 12, stragglers: 3 })
        assert.deepEqual(statuses(answer), Array(4).fill('reconstructed'))
        const [{ stop, survivors, tasks }] = answer.groups
        assert.equal(stop, 'enough')
        assert.equal(survivors.length, 9)
        assert.equal(tasks.filter(({ status }) => status === 'cancelled').length, 3, 'the stragglers are cancelled')
        answer.outcomes.forEach((outcome, position) => {
          const expected = run({ x: query(position + 1) }).y.data as Float32Array
          output(outcome).forEach((value, i) => {
            assert.ok(Math.abs(value - expected[i]) < 1.5, `query ${position} decoded as ${value}, is ${expected[i]}`)
          })
        })
      })
    })

    it('hands on what came of the queries themselves, and decodes the others, when the layout is systematic', async () => {
      await within([...fleet(7), ...stalled(1)], async mesh => {
        // Out of order on purpose: on a path they stand as 1, 2, 3, 4, and each answer must find its way back.
        const values = [30, 10, 40, 20]
        const answer = await mesh.infer(values.map(query), {
          code: 'nercc',
          layout: 'systematic',
          order: 'path',
          k: 4,
          n: 8,
          stragglers: 1
        })
        const late = answer.groups[0].tasks.find(({ status }) => status === 'cancelled')
        answer.outcomes.forEach((outcome, position) => {
          const expected = [...(run({ x: query(values[position]) }).y.data as Float32Array)]
          const own = answer.groups[0].survivors.includes(position)
          assert.equal(outcome.status, own ? 'exact' : 'reconstructed', `query ${position}, late: ${late?.index}`)
          output(outcome).forEach((value, i) => {
            assert.ok(
              Math.abs(value - expected[i]) < (own ? 1e-9 : 10),
              `query ${position}: ${value} for ${expected[i]}`
            )
          })
        })
      })
    })

    it('reconstructs better along a path than in the order in which queries came', async () => {
      await within([...fleet(9), ...stalled(3)], async mesh => {
        const values = [10, 90, 20, 80, 30, 70, 40, 60]
        const error = async (order: 'none' | 'path'): Promise<number> => {
          const answer = await mesh.infer(values.map(query), { code: 'nercc', order, k: 8, n: 12, stragglers: 3 })
          return answer.outcomes.reduce((sum, outcome, position) => {
            const expected = run({ x: query(values[position]) }).y.data as Float32Array
            return sum + output(outcome).reduce((each, value, i) => each + (value - expected[i]) ** 2, 0)
          }, 0)
        }
        const [path, none] = [await error('path'), await error('none')]
        assert.ok(path < none / 2, `squared error ${path} along a path, ${none} as they came`)
      })
    })

    it('fails only the query whose worker stalls when it is uncoded, at the deadline and by name', async () => {
      await within([...fleet(3), ...stalled(1)], async mesh => {
        const answer = await mesh.infer([1, 2, 3, 4].map(query), { code: 'uncoded', k: 4, deadline: 300 })
        assert.equal(answer.outcomes.filter(({ status }) => status === 'exact').length, 3)
        const failed = answer.outcomes.filter(outcome => outcome.status === 'failed')
        assert.deepEqual(
          failed.map(({ error }) => error.name),
          ['NotRecoveredError']
        )
        assert.equal(answer.groups[0].stop, 'deadline')
      })
    })

    it('fails the whole group at the deadline if the caller wants that', async () => {
      await within([...fleet(3), ...stalled(1)], async mesh => {
        const answer = await mesh.infer([1, 2, 3, 4].map(query), {
          code: 'uncoded',
          k: 4,
          deadline: 300,
          onDeadline: 'fail'
        })
        assert.deepEqual(errorNames(answer), Array(4).fill('DeadlineError'))
      })
    })

    it('stops at the first exact result of each query, and cancels the other copies', async () => {
      await within([...fleet(4), ...stalled(4)], async mesh => {
        const answer = await mesh.infer([1, 2, 3, 4].map(query), { code: 'replication', k: 4, n: 8, stragglers: 0 })
        assert.deepEqual(statuses(answer), Array(4).fill('exact'))
        assert.equal(answer.groups[0].stop, 'exact')
        assert.equal(answer.groups[0].tasks.filter(({ status }) => status === 'cancelled').length, 4)
      })
    })

    it('sends a task that failed once more, to another worker', async () => {
      await within([{ fault: 'fail' }, ...fleet(3)], async mesh => {
        const answer = await mesh.infer([1, 2, 3, 4].map(query), { code: 'uncoded', k: 4 })
        assert.deepEqual(statuses(answer), Array(4).fill('exact'))
        const again = answer.groups[0].tasks.filter(({ index }) => index === failedIndex(answer.groups[0].tasks))
        assert.equal(again.length, 2)
        assert.notEqual(again[0].worker, again[1].worker)
      })
    })

    it('sends a task that is late to a second worker as well, and answers although the first never does', async () => {
      await within([...fleet(3), ...stalled(1)], async mesh => {
        const answer = await mesh.infer([1, 2, 3, 4].map(query), {
          code: 'uncoded',
          k: 4,
          hedge: { after: 30, budget: 1 }
        })
        assert.deepEqual(statuses(answer), Array(4).fill('exact'))
        const { stop, tasks } = answer.groups[0]
        assert.equal(stop, 'exact')
        // On a busy machine a sound worker may be late too: its own result then cancels the second copy.
        const rescued = [0, 1, 2, 3]
          .map(index => tasks.filter(task => task.index === index))
          .filter(([first]) => first.status === 'cancelled')
        assert.ok(rescued.length > 0, 'the task of the worker that never answers')
        for (const copies of rescued) {
          assert.deepEqual(
            copies.map(({ status }) => status),
            ['cancelled', 'result']
          )
          assert.notEqual(copies[0].worker, copies[1].worker)
        }
      })
    })

    it('takes the first of two results when each task is sent to two workers at once', async () => {
      await within([...fleet(3), ...stalled(1)], async mesh => {
        const hedge = { after: 0, budget: 1 }
        const answer = await mesh.infer([1, 2].map(query), { code: 'uncoded', k: 2, hedge })
        assert.deepEqual(statuses(answer), ['exact', 'exact'])
        assert.equal(answer.groups[0].tasks.length, 4)
        assert.equal(answer.groups[0].tasks.filter(({ status }) => status === 'result').length, 2)
      })
    })

    it('never lets NaN out of a worker through to the caller', async () => {
      await within([{ fault: 'nan' }, ...fleet(2)], async mesh => {
        const answer = await mesh.infer([1, 2].map(query), { code: 'nercc', k: 2, n: 3, stragglers: 0 })
        assert.ok(answer.outcomes.every(outcome => output(outcome).every(Number.isFinite)))
        const spoilt = answer.groups[0].tasks.find(({ status }) => status === 'failed')
        assert.equal(spoilt?.error?.name, 'NotFiniteError')
      })
    })

    it('ends when nothing is left to wait for, with an error for each query', async () => {
      await within([{ fault: 'fail' }, { fault: 'fail' }], async mesh => {
        const answer = await mesh.infer([1, 2].map(query), { code: 'nercc', k: 2, n: 2, deadline: 5000 })
        assert.equal(answer.groups[0].stop, 'exhausted')
        assert.deepEqual(errorNames(answer), ['NotRecoveredError', 'NotRecoveredError'])
      })
    })

    it('gives several coded queries to one worker when there are too few, copies of a query apart', async () => {
      await within(fleet(2), async mesh => {
        const answer = await mesh.infer([1, 2].map(query), { code: 'replication', k: 2, n: 4, stragglers: 0 })
        const { tasks } = answer.groups[0]
        assert.equal(new Set(tasks.map(({ worker }) => worker)).size, 2)
        const of = (index: number) => tasks.find(task => task.index === index)?.worker
        assert.notEqual(of(0), of(2), 'the two copies of query 0')
        assert.notEqual(of(1), of(3), 'the two copies of query 1')
      })
    })

    it('waits for all results of a worker that holds several before it counts that worker in', async () => {
      await within([{ serviceMs: 5 }, { serviceMs: 5 }, { fault: 'stall' }], async mesh => {
        const answer = await mesh.infer([1, 2].map(query), { code: 'nercc', k: 2, n: 6, stragglers: 1 })
        assert.equal(answer.groups[0].stop, 'enough')
        assert.equal(answer.groups[0].survivors.length, 4, 'both tasks of both workers that answer')
      })
    })

    it('does not count a worker among the stragglers when it is the only one', async () => {
      await within(fleet(1), async mesh => {
        const answer = await mesh.infer([1, 2].map(query), { code: 'nercc', k: 2, n: 6, stragglers: 3 })
        assert.equal(answer.groups[0].survivors.length, 6)
      })
    })

    it('sends the tasks of a worker that vanishes to the others', async () => {
      await within([{ serviceMs: 200 }, { serviceMs: 200 }, { serviceMs: 200 }], async mesh => {
        const asked = mesh.infer([1, 2].map(query), { code: 'replication', k: 2, n: 3, stragglers: 0, deadline: 3000 })
        await mesh.crash(0)
        const answer = await asked
        assert.deepEqual(statuses(answer), ['exact', 'exact'])
      })
    })

    it('rejects when the caller aborts, and keeps nothing of the call', async () => {
      await within(stalled(2), async mesh => {
        const caller = new AbortController()
        const reason = new Error('enough of this')
        const asked = mesh.infer([1, 2].map(query), { code: 'uncoded', k: 2, signal: caller.signal })
        caller.abort(reason)
        await assert.rejects(asked, reason)
      })
    })

    it('groups single queries that come together, and lets a lonely one go after its wait', async () => {
      await within(fleet(4), async mesh => {
        const outcomes = await mesh.predictAll([1, 2, 3, 4, 5].map(query), {
          code: 'replication',
          k: 4,
          n: 4,
          maxWait: 30
        })
        assert.deepEqual(
          outcomes.map(({ status }) => status),
          Array(5).fill('exact')
        )
        outcomes.forEach((outcome, i) => {
          assert.deepEqual(output(outcome), [...run({ x: query(i + 1) }).y.data])
        })
        const [first, , , fourth, fifth] = outcomes.map(({ group }) => group)
        assert.equal(first, fourth, 'the first four share a group')
        assert.notEqual(first, fifth, 'the fifth has one of its own')
      })
    })

    it('yields what is known so far, pending queries included, and the terminal answer last', async () => {
      await within([{ serviceMs: 5 }, { serviceMs: 150 }], async mesh => {
        const answers = await mesh.refine([1, 2].map(query), { code: 'uncoded', k: 2 })
        assert.ok(answers.length >= 2, `expected a first and a last answer, got ${answers.length}`)
        assert.deepEqual(statuses(answers[0]).sort(), ['exact', 'pending'])
        assert.deepEqual(
          answers.map(({ final }) => final),
          answers.map((_, i) => i === answers.length - 1)
        )
        assert.deepEqual(statuses(answers[answers.length - 1]), ['exact', 'exact'])
      })
    })

    it('goes on improving to the deadline when asked to', async () => {
      await within([...fleet(3), { serviceMs: 150 }], async mesh => {
        const options = { code: 'nercc', k: 2, n: 4, stragglers: 1 } as const
        const stopped = await mesh.infer([1, 2].map(query), options)
        const [until] = (await mesh.refine([1, 2].map(query), { ...options, refineUntil: 'deadline' })).slice(-1)
        assert.equal(stopped.groups[0].survivors.length, 3)
        assert.equal(until.groups[0].survivors.length, 4)
      })
    })

    it('says that there are no workers by the deadline', async () => {
      await within([], async mesh => {
        const answer = await mesh
          .infer([query(1)], { code: 'uncoded', k: 1, deadline: 200 })
          .then(errorNames, error => [error.name])
        assert.deepEqual(answer, ['NoWorkersError'])
      })
    })
  })
}

function fleet(count: number): Behaviour[] {
  return Array.from({ length: count }, () => ({}))
}

function stalled(count: number): Behaviour[] {
  return Array.from({ length: count }, () => ({ fault: 'stall' }))
}

function statuses({ outcomes }: Answer): string[] {
  return outcomes.map(({ status }) => status)
}

function errorNames({ outcomes }: Answer): string[] {
  return outcomes.map(outcome => (outcome.status === 'failed' ? outcome.error.name : outcome.status))
}

function output(outcome: Outcome): number[] {
  assert.ok(
    outcome.status === 'exact' || outcome.status === 'reconstructed',
    `expected a prediction, got ${outcome.status === 'failed' ? outcome.error : outcome.status}`
  )
  const tensor: Tensor = outcome.output
  return Array.from(tensor.data as Float32Array)
}

function failedIndex(tasks: TaskReport[]): number | undefined {
  return tasks.find(({ status }) => status === 'failed')?.index
}
