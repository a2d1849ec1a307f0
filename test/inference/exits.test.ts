import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Companion, Effect, Exit, Master, Outcome, PlanInit, Side } from '../../src/inference/index.ts'
import { stack, Tensor } from '../../src/tensor/index.ts'
import { query, run } from './mesh.ts'
import { master as masterOf, of, spec, timings } from './stepping.ts'

/** An exit whose answers are off by this squared error. */
function exit(output: string, error: number): Exit {
  return { output, read: answer => ({ output: answer, expected: { error, agreement: 1 - error / 10 } }) }
}

const student: Companion = {
  model: 'student',
  output: 's',
  feed: queries => ({ x: stack(queries.map(({ x }) => x.row(0))) }),
  read: answer => ({ output: answer, expected: { error: 1, agreement: 0.9 } })
}

const early = exit('exit1', 4)

type Sent = Extract<Effect, { type: 'submit' }>

/** A master that was asked two queries, each sent to two of four workers. */
function ask(side: Side, more: Partial<PlanInit> = {}) {
  const master = masterOf(4)
  const queries = [0, 10].map(value => ({ x: query(value) }))
  const plan = spec('replication', { side, stragglers: 0, ...more })
  const begun = master.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 }, 0)
  const sent = [...of('submit', begun), ...spares(master, begun)]
  return { master, begun, sent: sent.filter(({ task }) => task.model === 'double') }
}

/** The tasks that are made once the student has answered, or in the turn after the first. */
function spares(master: Master, begun: Effect[]): Sent[] {
  return of('arm', begun)
    .filter(({ at }) => at === 0)
    .flatMap(({ timer }) => of('submit', master.step({ type: 'timer', timer }, 0)))
}

function says(master: Master, { id }: Sent, value: number, name = 'exit1'): Effect[] {
  return master.step({ type: 'early', task: id, outputs: { [name]: flat(value) } }, 5)
}

function answers(master: Master, { id, task }: Sent): Effect[] {
  return master.step({ type: 'result', task: id, result: { outputs: run(task.inputs), timings } }, 6)
}

function deadline(master: Master, begun: Effect[]): Effect[] {
  return of('arm', begun)
    .filter(({ at }) => at === 100)
    .flatMap(({ timer }) => master.step({ type: 'timer', timer }, 100))
}

function flat(value: number): Tensor {
  return Tensor.float32([value, value, value, value], [1, 4])
}

function outcomesOf(effects: Effect[]): Outcome[] {
  return of('answer', effects).flatMap(({ answer }) => answer.outcomes.map(({ outcome }) => outcome))
}

/** What each prediction was made of, and its first number. */
function predictions(effects: Effect[]): string[] {
  return outcomesOf(effects).map(it => ('output' in it ? `${it.source} ${it.output.data[0]}` : it.status))
}

describe('a plan with exits', () => {
  it('asks workers for what they say beside the result', () => {
    const { sent } = ask({ exits: [early, exit('exit2', 2)] })
    assert.equal(sent.length, 4)
    for (const { task } of sent) {
      assert.deepEqual(task.outputs, ['y', 'exit1', 'exit2'])
    }
  })

  it('answers with what they said of a query that has no result at the deadline, and says what to expect', () => {
    const { master, begun, sent } = ask({ exits: [early] })
    says(master, sent[0], 7)
    answers(master, sent[1])
    const stopped = deadline(master, begun)
    assert.deepEqual(predictions(stopped), ['exit 7', 'exact 21'])
    const [first] = outcomesOf(stopped)
    assert.deepEqual('expected' in first && first.expected, { error: 4, agreement: 0.6 })
  })

  it('answers with the result where it came after all', () => {
    const { master, begun, sent } = ask({ exits: [early] })
    says(master, sent[0], 7)
    answers(master, sent[0])
    assert.deepEqual(predictions(deadline(master, begun)), ['exact 1', 'failed'])
  })

  it('keeps what they said of a task whose worker fails afterwards', () => {
    const { master, begun, sent } = ask({ exits: [early] })
    says(master, sent[0], 7)
    master.step({ type: 'failed', task: sent[0].id, error: new Error('it died') }, 6)
    assert.deepEqual(predictions(deadline(master, begun)), ['exit 7', 'failed'])
  })

  it('takes them for predictions when it waits for N − s results', () => {
    const { master, sent } = ask({ exits: [early] }, { stragglers: 2 })
    assert.deepEqual(predictions(answers(master, sent[0])), [])
    const copy = sent.slice(2).find(({ task }) => task.inputs.x.data[0] === 0)
    assert.ok(copy)
    assert.deepEqual(predictions(answers(master, copy)), [], 'nothing is known of the second query')
    assert.deepEqual(predictions(says(master, sent[1], 7)), ['exact 1', 'exit 7'])
  })

  it('shows them to who wants answers that get better', () => {
    const { master, sent } = ask({ exits: [early] }, { refine: 'until-stop' })
    assert.deepEqual(predictions(says(master, sent[0], 7)), ['exit 7', 'pending'])
    assert.deepEqual(predictions(answers(master, sent[0])), ['exact 1', 'pending'])
  })

  it('weighs the exits of a query, and the student, by the inverse of the squared error that is expected of each', () => {
    const { master, begun, sent } = ask({ exits: [early, exit('exit2', 2)], student })
    const own = of('submit', begun).find(({ task }) => task.model === 'student')
    assert.ok(own)
    const told = { s: Tensor.float32([9, 9, 9, 9, 5, 5, 5, 5], [2, 4]) }
    master.step({ type: 'result', task: own.id, result: { outputs: told, timings } }, 5)
    says(master, sent[0], 1)
    says(master, sent[0], 2, 'exit2')
    const [first, second] = predictions(deadline(master, begun))
    assert.equal(second, 'student 5')
    // (1/4 + 2/2 + 9/1) / (1/4 + 1/2 + 1)
    assert.equal(first, `student ${Math.fround(10.25 / 1.75)}`)
  })

  it('is heard twice of a query that two workers are at, and counts it once', () => {
    const { master, begun, sent } = ask({ exits: [early], student })
    const own = of('submit', begun).find(({ task }) => task.model === 'student')
    assert.ok(own)
    const told = { s: Tensor.float32([9, 9, 9, 9, 5, 5, 5, 5], [2, 4]) }
    const spare = of('submit', master.step({ type: 'result', task: own.id, result: { outputs: told, timings } }, 5))
    const copies = [...sent, ...spare].filter(({ task }) => task.inputs.x.data[0] === 0)
    assert.ok(copies.length > 1)
    for (const copy of copies) {
      says(master, copy, 1)
    }
    assert.equal(predictions(deadline(master, begun))[0], `student ${Math.fround((1 / 4 + 9) / (1 / 4 + 1))}`)
  })

  for (const [what, outputs] of [
    ['is not finite', { exit1: flat(Number.NaN) }],
    ['was not asked for', { exit3: flat(1) }],
    ['has another shape than before', { exit1: Tensor.float32([1], [1, 1]) }]
  ] as const) {
    it(`passes over what ${what}, and goes on waiting for the result`, () => {
      const { master, begun, sent } = ask({ exits: [early] })
      says(master, sent[1], 3)
      assert.deepEqual(master.step({ type: 'early', task: sent[0].id, outputs }, 5), [])
      answers(master, sent[0])
      assert.deepEqual(predictions(deadline(master, begun)), ['exact 1', 'exit 3'])
    })
  }

  it('is deaf to exits of tasks that have ended', () => {
    const { master, begun, sent } = ask({ exits: [early] })
    deadline(master, begun)
    assert.deepEqual(says(master, sent[0], 7), [])
    assert.equal(master.held, 0)
  })

  it('tells when an exit spoke', () => {
    const { master, begun, sent } = ask({ exits: [early] })
    says(master, sent[0], 7)
    const [{ answer }] = of('answer', deadline(master, begun))
    assert.deepEqual(
      answer.report.tasks.filter(({ earlyAt }) => earlyAt === 5).map(({ queries }) => queries),
      [[0]]
    )
  })
})
