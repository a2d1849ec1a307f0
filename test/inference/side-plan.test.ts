import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '../../src/fleet/index.ts'
import {
  type Companion,
  type Description,
  type Effect,
  InvalidPlanError,
  Master,
  type Outcome,
  SELF,
  type Side
} from '../../src/inference/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { stack, Tensor } from '../../src/tensor/index.ts'
import { query, run } from './mesh.ts'
import { of, spec, timings } from './stepping.ts'

const WORKERS = 8

function feed(queries: readonly NamedTensors[]): NamedTensors {
  return { x: stack(queries.map(({ x }) => x.row(0))) }
}

/** Half of what the model says, and surer of large answers. */
const student: Companion = {
  model: 'student',
  output: 'half',
  feed,
  read: answer => ({ output: answer, expected: { error: 1, agreement: Number(answer.data[0]) / 20 } })
}

const description: Description = {
  model: 'description',
  output: 'half',
  feed,
  read: answer => ({ output: answer, expected: { error: 1, agreement: 0.9 } }),
  together: 2,
  expected: { error: 1, agreement: 0.9 }
}

function half({ x }: NamedTensors): NamedTensors {
  const { y } = run({ x })
  const values = Array.from({ length: y.size }, (_, i) => Number(y.data[i]) / 2)
  return { half: Tensor.float32(values, y.shape) }
}

/** A master that was asked four queries of very different sizes, 0 to 15. */
function ask(side: Side, more: Parameters<typeof spec>[1] = {}) {
  const fleet = new Fleet()
  for (let i = 0; i < WORKERS; i++) {
    fleet.add(`worker-${i}`, ['double', 'description'])
  }
  const master = new Master(fleet)
  const queries = [0, 5, 10, 15].map(value => ({ x: query(value) }))
  const plan = spec('replication', { k: 4, n: WORKERS, side, ...more })
  const begun = master.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 }, 0)
  return { master, queries, begun, own: of('submit', begun).find(({ worker }) => worker === SELF) }
}

type Sent = Extract<Effect, { type: 'submit' }>

function answer(master: Master, { id, task }: Sent, now = 5): Effect[] {
  const outputs = task.model === 'double' ? run(task.inputs) : half(task.inputs)
  return master.step({ type: 'result', task: id, result: { outputs, timings } }, now)
}

/** Which of the queries each task is fed, by their first numbers. */
function fed(sent: readonly Sent[]): number[][] {
  return sent.map(({ task }) =>
    Array.from({ length: task.inputs.x.shape[0] }, (_, i) => Number(task.inputs.x.data[4 * i]))
  )
}

/** The deadline comes, unless the group has stopped before. */
function deadline(master: Master, begun: Effect[]): Effect[] {
  return of('arm', begun)
    .filter(({ at }) => at === 100)
    .flatMap(({ timer }) => master.step({ type: 'timer', timer }, 100))
}

function outcomesOf(effects: Effect[]): Outcome[] {
  return of('answer', effects)[0].answer.outcomes.map(({ outcome }) => outcome)
}

function sources(effects: Effect[]): string[] {
  return outcomesOf(effects).map(outcome => ('source' in outcome ? outcome.source : outcome.status))
}

describe('a plan with a student', () => {
  it('sends every query at once, has the master ask the student, and holds the spare workers back', () => {
    const { begun, own } = ask({ student })
    const sent = of('submit', begun)
    assert.deepEqual(fed(sent), [[0], [5], [10], [15], [0, 5, 10, 15]])
    assert.deepEqual([own?.task.model, own?.task.outputs], ['student', ['half']])
  })

  it('sends copies of the queries that the student is least sure of, to workers that have none', () => {
    const { master, begun, own } = ask({ student }, { stragglers: 4 })
    assert.ok(own)
    const spare = of('submit', answer(master, own))
    const first = of('submit', begun).filter(({ worker }) => worker !== SELF)
    assert.deepEqual(fed(spare), [[0], [5], [0], [10]])
    assert.equal(new Set([...first, ...spare].map(({ worker }) => worker)).size, WORKERS)
  })

  for (const [when, then] of [
    ['fails', (master: Master, own: Sent) => master.step({ type: 'failed', task: own.id, error: new Error('no') }, 5)],
    [
      'gives what cannot be used',
      (master: Master, own: Sent) => master.step({ type: 'result', task: own.id, result: { outputs: {}, timings } }, 5)
    ]
  ] as const) {
    it(`copies every query in turn when it ${when}, and does not ask it again`, () => {
      const { master, own } = ask({ student })
      assert.ok(own)
      assert.deepEqual(fed(of('submit', then(master, own))), [[0], [5], [10], [15]])
    })
  }

  it('copies every query in turn when it is late, and still takes its answers', () => {
    const { master, begun, own } = ask({ student }, { stragglers: WORKERS - 1 })
    assert.ok(own)
    const [late] = of('arm', begun).filter(({ at }) => at === 25)
    const hurried = of('submit', master.step({ type: 'timer', timer: late.timer }, 25))
    assert.deepEqual(fed(hurried), [[0], [5], [10], [15]])
    assert.deepEqual(of('submit', answer(master, own, 30)), [])
    const stopped = answer(master, of('submit', begun)[3], 31)
    assert.deepEqual(sources(stopped), ['student', 'student', 'student', 'exact'])
  })

  it('answers at the stop with the result of a copy where one came, else with the student, and says what to expect', () => {
    const { master, begun, own } = ask({ student }, { stragglers: 4 })
    assert.ok(own)
    const [first] = of('submit', begun)
    const [zero, five, zeroAgain, ten] = of('submit', answer(master, own))
    const stopped = [first, five, zeroAgain, ten].flatMap(sent => answer(master, sent))
    const outcomes = outcomesOf(stopped)
    assert.ok(of('cancel', stopped).some(({ id }) => id === zero.id))
    assert.deepEqual(sources(stopped), ['exact', 'exact', 'exact', 'student'])
    assert.deepEqual(
      outcomes.map(outcome => ('expected' in outcome ? outcome.expected?.agreement : undefined)),
      [undefined, undefined, undefined, 15.5 / 20]
    )
    assert.equal(of('cancel', stopped).length, 4)
    assert.equal(of('answer', stopped)[0].answer.report.survivors.length, 4)
    assert.equal(master.held, 0)
  })

  it('prefers the result of a copy to a student that is quite sure', () => {
    const sure: Companion = { ...student, read: output => ({ output, expected: { error: 0, agreement: 1 } }) }
    const { master, begun, own } = ask({ student: sure }, { stragglers: WORKERS - 1 })
    assert.ok(own)
    answer(master, own)
    const [, five] = of('submit', begun)
    assert.deepEqual(sources(answer(master, five)), ['student', 'exact', 'student', 'student'])
  })

  it('cancels the student when every query has its own result before', () => {
    const { master, begun, own } = ask({ student })
    const firsts = of('submit', begun).filter(({ worker }) => worker !== SELF)
    const last = firsts.map(sent => answer(master, sent)).at(-1) ?? []
    assert.deepEqual(
      of('cancel', last).map(({ id }) => id),
      [own?.id]
    )
    assert.equal(master.held, 0)
  })

  it('waits for exact results where more is asked for than the student is sure of', () => {
    const { master, begun, own } = ask({ student }, { quality: 0.7, stragglers: WORKERS - 1 })
    assert.ok(own)
    answer(master, own)
    const [zero, five, ten] = of('submit', begun)
    assert.deepEqual(
      [...answer(master, zero), ...answer(master, five)].filter(({ type }) => type === 'answer'),
      []
    )
    assert.deepEqual(sources(answer(master, ten)), ['exact', 'exact', 'exact', 'student'])
  })
})

describe('a plan with a student that learns', () => {
  /** Takes down what it learns: the sum of what it had answered, and of the model's own result. */
  function learner(believed: boolean): { student: Companion; learned: number[][] } {
    const learned: number[][] = []
    const sum = ({ data }: Tensor): number => Array.from(data, Number).reduce((a, b) => a + b, 0)
    return {
      learned,
      student: {
        ...student,
        believed: () => believed,
        learn: (answer, own) => {
          learned.push([sum(answer), sum(own)])
        }
      }
    }
  }

  it('asks one that is not to be believed, waits for nothing it says, and never answers with it', () => {
    const { master, begun, own } = ask({ student: learner(false).student }, { stragglers: WORKERS - 1 })
    assert.ok(own)
    const toWorkers = of('submit', begun).filter(({ worker }) => worker !== SELF)
    assert.deepEqual(fed(toWorkers), [[0], [5], [10], [15], [0], [5], [10], [15]])
    const effects = [...answer(master, own), ...answer(master, toWorkers[1]), ...deadline(master, begun)]
    assert.deepEqual(sources(effects), ['failed', 'exact', 'failed', 'failed'])
  })

  it('tells it once what the model said of each query that a worker answered, and nothing of the others', () => {
    const { student: learning, learned } = learner(true)
    const { master, begun, own } = ask({ student: learning }, { stragglers: 5 })
    assert.ok(own)
    const [zero, five] = of('submit', begun)
    const spare = of('submit', answer(master, own))
    assert.deepEqual(fed(spare)[0], [0])
    for (const sent of [zero, spare[0], five]) answer(master, sent)
    deadline(master, begun)
    assert.equal(learned.length, 2)
    for (const [answered, result] of learned) assert.equal(answered, result / 2)
  })
})

describe('a plan with descriptions', () => {
  it('asks spare workers for several queries in one run, and answers with them where no copy came', () => {
    const { master, begun } = ask({ description }, { stragglers: 5 })
    const described = of('submit', begun).filter(({ task }) => task.model === 'description')
    assert.ok(described.length > 0 && fed(described).every(queries => queries.length === 2))
    const effects = described.flatMap(sent => answer(master, sent))
    assert.deepEqual(sources([...effects, ...deadline(master, begun)]), [
      'description',
      'description',
      'description',
      'description'
    ])
  })

  /** What the master answers once a student and descriptions have, but no worker with a copy. */
  function besides(side: Required<Pick<Side, 'student' | 'description'>>) {
    const { master, begun, own } = ask(side, { stragglers: 6, quality: 1 })
    assert.ok(own)
    const described = of('submit', answer(master, own)).filter(({ task }) => task.model === 'description')
    assert.ok(described.length > 0)
    const effects = described.flatMap(sent => answer(master, sent))
    return { known: new Set(fed(described).flat()), effects: [...effects, ...deadline(master, begun)] }
  }

  it('answers with the student where neither a copy nor a description came', () => {
    const { known, effects } = besides({ student, description })
    assert.deepEqual(
      sources(effects),
      [0, 5, 10, 15].map(value => (known.has(value) ? 'description' : 'student'))
    )
  })

  it('weights what two companions say by the inverse of the squared error that is expected of each', () => {
    const says = (value: number, error: number, agreement: number): Pick<Companion, 'read'> => ({
      read: ({ shape }) => ({
        output: Tensor.float32(new Float32Array(4).fill(value), shape),
        expected: { error, agreement }
      })
    })
    const { effects } = besides({
      student: { ...student, ...says(8, 3, 0.4) },
      description: { ...description, ...says(4, 1, 0.9) }
    })
    const both = outcomesOf(effects).filter(outcome => 'source' in outcome && outcome.source === 'description')
    assert.ok(both.length > 0)
    for (const outcome of both) {
      assert.ok('output' in outcome && 'expected' in outcome)
      assert.deepEqual([...outcome.output.data], [5, 5, 5, 5])
      assert.deepEqual(outcome.expected, { error: 1, agreement: 0.9 })
    }
  })
})

describe('side information that is asked for', () => {
  it('is refused beside a code that mixes queries', () => {
    assert.throws(() => spec('nercc', { side: { student } }), InvalidPlanError)
  })
})

describe('a rescue', () => {
  /** A group whose workers answer nothing, and a master that takes 4 ms for a query by itself. */
  function asked(more: Parameters<typeof spec>[1] = {}, { measured = true } = {}) {
    const fleet = new Fleet()
    fleet.add(SELF, [])
    for (let i = 0; i < WORKERS; i++) fleet.add(`worker-${i}`, ['double'])
    for (let i = 0; measured && i < 20; i++)
      fleet.answered(SELF, 'double', { queue: 0, run: 4, network: 0 }, { now: 0 })
    const master = new Master(fleet)
    const queries = [0, 5, 10, 15].map(value => ({ x: query(value) }))
    const plan = spec('replication', { k: 4, n: WORKERS, side: { rescue: true }, ...more })
    const begun = master.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 }, 0)
    return { master, begun }
  }

  /** Lets time pass up to a moment: what is sent, and when. */
  function pass(master: Master, begun: Effect[], until: number): Array<{ at: number; sent: Sent[] }> {
    const waiting = of('arm', begun)
    const steps: Array<{ at: number; sent: Sent[] }> = []
    for (;;) {
      waiting.sort((a, b) => a.at - b.at)
      const [next] = waiting
      if (next === undefined || next.at > until) return steps
      waiting.shift()
      const effects = master.step({ type: 'timer', timer: next.timer }, next.at)
      waiting.push(...of('arm', effects))
      steps.push({ at: next.at, sent: of('submit', effects) })
    }
  }

  it('runs what is missing on the master itself, as late as it can be ready, and answers with it exactly', () => {
    const { master, begun } = asked()
    answer(master, of('submit', begun)[1])
    const rescued = pass(master, begun, 99).filter(({ sent }) => sent.length > 0)
    assert.equal(rescued.length, 1)
    const [{ at, sent }] = rescued
    assert.ok(at > 80 && at <= 100 - 3 * 4, `3 queries of 4 ms each were begun at ${at}`)
    assert.deepEqual(fed(sent), [[0], [10], [15]])
    assert.ok(sent.every(({ worker, task }) => worker === SELF && task.model === 'double'))
    const answered = sent.flatMap(each => answer(master, each, 99))
    assert.deepEqual(sources(answered), ['exact', 'exact', 'exact', 'exact'])
    assert.equal(master.held, 0)
  })

  it('runs only as many as can be ready, those first of which least is known', () => {
    const { master, begun } = asked({ deadline: 14, side: { rescue: true, student }, quality: 1 })
    const own = of('submit', begun).find(({ worker }) => worker === SELF)
    assert.ok(own)
    answer(master, own, 2)
    const [rescued] = pass(master, begun, 13).filter(({ sent }) => sent.some(({ worker }) => worker === SELF))
    assert.deepEqual([rescued.at, fed(rescued.sent)], [7, [[0]]])
  })

  it('runs nothing as long as nobody knows how long it would take', () => {
    const { master, begun } = asked({}, { measured: false })
    assert.deepEqual(
      pass(master, begun, 99).flatMap(({ sent }) => sent),
      []
    )
  })

  it('is called off when every query has its answer', () => {
    const { master, begun } = asked()
    const firsts = of('submit', begun).slice(0, 4)
    firsts.forEach(sent => {
      answer(master, sent)
    })
    assert.equal(master.held, 0)
  })
})
