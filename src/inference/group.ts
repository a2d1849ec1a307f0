import { place, type WorkerId } from '../fleet/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { allFinite, sameShape, type Tensor } from '../tensor/index.ts'
import type { Millis, TaskResult } from './channel.ts'
import { DeadlineError, NotFiniteError, NotRecoveredError, NoWorkersError, UnusableResultError } from './errors.ts'
import type { CallId, GroupId, GroupReport, Outcome, StopReason, TaskId, TaskReport, TimerId } from './events.ts'
import type { Plan, PlanTask } from './plan.ts'

/** Where a query of the group came from; `outcome` once its caller has left. */
export interface Member {
  call: CallId
  position: number
  outcome?: Outcome
}

/** A task of the group, and what came of each time it was sent. */
export interface Placement {
  task: PlanTask
  attempts: TaskReport[]
}

/** A task at a worker. */
export interface InFlight {
  placement: Placement
  attempt: TaskReport
}

/** The state of one group. It decides nothing by itself about time: the master asks it. */
export class Group {
  readonly id: GroupId
  readonly plan: Plan
  readonly members: Member[] = []
  readonly placements: Placement[] = []
  readonly inFlight = new Map<TaskId, InFlight>()
  readonly timers: TimerId[] = []
  readonly startedAt: Millis
  readonly deadlineAt: Millis
  readonly #results = new Map<number, Tensor>()

  constructor(id: GroupId, plan: Plan, now: Millis) {
    this.id = id
    this.plan = plan
    this.startedAt = now
    this.deadlineAt = now + plan.spec.deadline
  }

  /** Ascending indices of the coded queries whose results arrived. */
  get survivors(): number[] {
    return [...this.#results.keys()].sort((a, b) => a - b)
  }

  /** Places a task on one of the `ranked` workers; `undefined` if there is none. */
  submit(id: TaskId, placement: Placement, ranked: readonly WorkerId[], now: Millis): TaskReport | undefined {
    const placed = this.placements.flatMap(({ task, attempts }) =>
      attempts.map(({ worker }) => ({ worker, copyOf: task.query }))
    )
    const worker = place(ranked, placed, placement.task.query)
    if (worker === undefined) {
      return undefined
    }
    const { index, role, inputs } = placement.task
    const bytes = Object.values(inputs).reduce((sum, tensor) => sum + tensor.byteLength, 0)
    const attempt: TaskReport = { index, role, worker, bytes, submittedAt: now, status: 'waiting' }
    placement.attempts.push(attempt)
    this.inFlight.set(id, { placement, attempt })
    return attempt
  }

  /**
   * Takes in the result of a task.
   *
   * @throws {UnusableResultError | NotFiniteError} it cannot be decoded
   */
  arrive(id: TaskId, result: TaskResult, now: Millis): void {
    const attempt = this.inFlight.get(id)?.attempt
    if (attempt !== undefined) {
      attempt.timings = result.timings
      this.#results.set(attempt.index, this.#judge(result.outputs))
      this.end(id, 'result', now)
    }
  }

  /** A task is no longer at a worker. */
  end(id: TaskId, status: TaskReport['status'], now: Millis, error?: Error): void {
    const attempt = this.inFlight.get(id)?.attempt
    if (attempt !== undefined) {
      this.inFlight.delete(id)
      Object.assign(attempt, { status, endedAt: now }, error && { error })
    }
  }

  /** Why to stop now, if the stop rule holds. */
  stopReason(): StopReason | undefined {
    const { plan } = this
    if (!plan.closed) {
      return undefined
    }
    if (this.#allExact()) {
      return 'exact'
    }
    const enough = this.#results.size > 0 && this.#owing().size <= this.#stragglers()
    if (enough && plan.spec.refine !== 'until-deadline' && plan.recoverable(this.#results.keys()).every(Boolean)) {
      return 'enough'
    }
    const allSent = this.placements.every(({ attempts }) => attempts.length > 0)
    return allSent && this.inFlight.size === 0 ? 'exhausted' : undefined
  }

  /** The outcome of every query as far as the results go; `pending` ones become errors once there is a reason to stop. */
  outcomes(stop: StopReason | undefined): Outcome[] {
    const predictions = this.#predictions(stop)
    return this.members.map((member, query) => member.outcome ?? predictions(query))
  }

  report(stop: StopReason | undefined, now: Millis): GroupReport {
    const tasks = this.placements.flatMap(({ attempts }) => attempts).map(attempt => ({ ...attempt }))
    return {
      group: this.id,
      code: this.plan.spec.code.name,
      k: this.plan.size,
      n: this.plan.tasks.length,
      model: this.plan.spec.model,
      startedAt: this.startedAt,
      deadlineAt: this.deadlineAt,
      endedAt: stop === undefined ? undefined : now,
      stop,
      survivors: this.survivors,
      tasks
    }
  }

  /** The decoded output of a result, if it can be used beside the results that are already there. */
  #judge(outputs: NamedTensors): Tensor {
    const { output } = this.plan.spec
    const tensor = outputs[output]
    if (tensor === undefined) {
      throw new UnusableResultError(`the result has no output "${output}"`)
    }
    const [other] = this.#results.values()
    if (other !== undefined && !(tensor.dtype === other.dtype && sameShape(tensor.shape, other.shape))) {
      throw new UnusableResultError(
        `output "${output}" is ${tensor.dtype} [${tensor.shape}], the group's others are ${other.dtype} [${other.shape}]`
      )
    }
    assertFinite(tensor, `output "${output}"`)
    return tensor
  }

  #allExact(): boolean {
    const exact = new Set<number>()
    for (const { task, attempts } of this.placements) {
      if (task.query !== undefined && attempts.some(({ status }) => status === 'result')) {
        exact.add(task.query)
      }
    }
    return exact.size === this.plan.size
  }

  /** The workers that still owe a result. Coded queries on one worker are late together, so they count once. */
  #owing(): Set<WorkerId> {
    return new Set([...this.inFlight.values()].map(({ attempt }) => attempt.worker))
  }

  /**
   * How many workers need not answer: s of N (as the caller said, else half of the spare coded queries), as a share of the
   * workers where there are fewer of them; never all.
   */
  #stragglers(): number {
    const { spec, tasks, size } = this.plan
    const workers = new Set(this.placements.flatMap(({ attempts }) => attempts.map(({ worker }) => worker))).size
    const stragglers = spec.stragglers ?? Math.floor((tasks.length - size) / 2)
    return Math.min(Math.round((stragglers * workers) / tasks.length), workers - 1)
  }

  #predictions(stop: StopReason | undefined): (query: number) => Outcome {
    const { id, plan } = this
    const missing = (query: number): Outcome =>
      stop === undefined
        ? { status: 'pending', group: id }
        : { status: 'failed', error: this.#missing(query, stop), group: id }
    if (!plan.closed || this.#results.size === 0 || (stop === 'deadline' && plan.spec.onDeadline === 'fail')) {
      return missing
    }
    const decoded = plan.decode(this.#results)
    return query => {
      const prediction = decoded[query]
      if (prediction === undefined) {
        return missing(query)
      }
      try {
        assertFinite(prediction.output, 'the decoded prediction')
      } catch (error) {
        return { status: 'failed', error: error as Error, group: id }
      }
      const { output, exact, expected } = prediction
      const quality = expected && { expected: { error: expected.mse, agreement: expected.agreement } }
      return { status: exact ? 'exact' : 'reconstructed', output, group: id, ...quality }
    }
  }

  #missing(query: number, stop: StopReason): Error {
    const { spec, tasks } = this.plan
    const arrived = this.#results.size
    if (this.placements.every(({ attempts }) => attempts.length === 0)) {
      return new NoWorkersError(
        `no worker that serves model ${spec.model} was known within ${spec.deadline} ms: check that workers run, that their addresses are given, and that they serve this very model`
      )
    }
    if (stop === 'deadline' && spec.onDeadline === 'fail') {
      return new DeadlineError(`${arrived} of ${tasks.length} results were in at the deadline of ${spec.deadline} ms`)
    }
    const failures = this.placements.flatMap(({ attempts }) => attempts.flatMap(({ error }) => error ?? []))
    return new NotRecoveredError(
      `query ${query} of its group cannot be recovered by ${spec.code.name} from ${arrived} of ${tasks.length} results (stopped: ${stop}${failures.length > 0 ? `; ${failures.length} tasks failed, first: ${failures[0].message}` : ''}); allow more time, more workers or fewer stragglers`,
      { cause: failures[0] }
    )
  }
}

function assertFinite(tensor: Tensor, what: string): void {
  if (!allFinite(tensor)) {
    throw new NotFiniteError(`${what} holds NaN or an infinity`)
  }
}
