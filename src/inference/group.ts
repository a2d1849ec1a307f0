import type { Sliced } from '../codes/index.ts'
import { Placing, type WorkerId } from '../fleet/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { type Millis, SELF, type TaskResult } from './channel.ts'
import type { CallId, GroupId, GroupReport, Outcome, StopReason, TaskId, TaskReport, TimerId } from './events.ts'
import { isGoodEnough, notPredicted, predicted } from './outcome.ts'
import type { InFlight, Placement } from './placement.ts'
import type { Plan, PlanTask } from './plan.ts'
import { Results } from './results.ts'

/** How many times at most a group is decoded only to find out whether the quality that was asked for is reached. */
const LOOKS = 20

/** Where a query of the group came from; `outcome` once its caller has left. */
export interface Member {
  call: CallId
  position: number
  outcome?: Outcome
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
  readonly #placing = new Placing()
  readonly #results: Results
  /** When the quality was looked at last: of how many tasks something was known, and whether it was reached. */
  #looked = { known: 0, reached: false }

  constructor(id: GroupId, plan: Plan, now: Millis) {
    this.id = id
    this.plan = plan
    this.startedAt = now
    this.deadlineAt = now + plan.spec.deadline
    this.#results = new Results(plan)
  }

  /** One more query; the tasks that can leave at once are to be sent. */
  add(member: Member, query: NamedTensors): void {
    this.members.push(member)
    this.place(this.plan.add(query))
  }

  /** Tasks that are to be sent. */
  place(tasks: readonly PlanTask[]): void {
    this.placements.push(...tasks.map(task => ({ task, attempts: [] })))
  }

  /** Tasks that were not sent yet, those first whose loss costs most. */
  get unsent(): Placement[] {
    const unsent = this.placements.filter(({ attempts }) => attempts.length === 0)
    const weighted = unsent.some(({ task }) => task.weight !== undefined)
    return weighted ? unsent.sort((a, b) => (b.task.weight ?? 0) - (a.task.weight ?? 0)) : unsent
  }

  /** Places a task on one of the `ranked` workers, or on the master itself; `undefined` if there is none. */
  submit(id: TaskId, placement: Placement, ranked: readonly WorkerId[], now: Millis): TaskReport | undefined {
    const { index, role, queries, inputs, runner } = placement.task
    const worker = runner === 'master' ? SELF : this.#placing.next(ranked, queries)
    if (worker === undefined) {
      return undefined
    }
    const bytes = Object.values(inputs).reduce((sum, tensor) => sum + tensor.byteLength, 0)
    const attempt: TaskReport = { index, role, queries, worker, bytes, submittedAt: now, status: 'waiting' }
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
      this.#results.add(attempt.index, result.outputs)
      this.end(id, 'result', now)
    }
  }

  /** Takes in what exits say of a task that goes on; `false` if that cannot be used. */
  hear(id: TaskId, outputs: NamedTensors, now: Millis): boolean {
    const attempt = this.inFlight.get(id)?.attempt
    if (attempt === undefined || !this.#results.hear(attempt.index, outputs)) {
      return false
    }
    attempt.earlyAt = now
    return true
  }

  /** A task that came to its end, with a result or for good without one: are there tasks now that waited for it? */
  learn({ index }: PlanTask): boolean {
    const tasks = this.plan.learn(index, this.#results.of(index))
    this.place(tasks)
    return tasks.length > 0
  }

  /** A task is no longer at a worker. */
  end(id: TaskId, status: TaskReport['status'], now: Millis, error?: Error): void {
    const attempt = this.inFlight.get(id)?.attempt
    if (attempt !== undefined) {
      this.inFlight.delete(id)
      attempt.status = status
      attempt.endedAt = now
      if (error !== undefined) {
        attempt.error = error
      }
    }
  }

  /** Why to stop now, if the stop rule holds. */
  stopReason(): StopReason | undefined {
    const { plan } = this
    if (!plan.closed) {
      return undefined
    }
    if (this.#results.allExact) {
      return 'exact'
    }
    if (plan.spec.refine !== 'until-deadline') {
      if (plan.spec.quality !== undefined) {
        if (this.#reachesQuality()) {
          return 'quality'
        }
      } else if (this.#results.size > 0 && !this.#owesMoreThan(this.stragglers) && this.#results.recoverable) {
        return 'enough'
      }
    }
    const allSent = this.placements.every(({ attempts }) => attempts.length > 0)
    return plan.complete && allSent && this.inFlight.size === 0 ? 'exhausted' : undefined
  }

  /** Decodes what {@link outcomes} will need for this reason to stop, in slices; nothing may arrive from now on. */
  *decoding(stop: StopReason): Sliced<void> {
    if (this.#decodes(stop) && this.members.some(({ outcome }) => outcome === undefined)) {
      yield* this.#results.decoding()
    }
  }

  /** A companion learns from the results of the group, which has ended. */
  teach(): void {
    this.#results.teach()
  }

  /** The outcome of every query as far as the results go; `pending` ones become errors once there is a reason to stop. */
  outcomes(stop: StopReason | undefined): Outcome[] {
    const predictions = this.#predictions(stop)
    return this.members.map((member, query) => member.outcome ?? predictions(query))
  }

  /** The workers whose results those of the others contradict. */
  get wrongWorkers(): WorkerId[] {
    if (this.#results.wrong.length === 0) {
      return []
    }
    return this.#tasks()
      .filter(({ status }) => status === 'wrong')
      .map(({ worker }) => worker)
  }

  /** The queries without a prediction that is as good as was asked, those of which least is known first. */
  get missing(): number[] {
    const { decoded } = this.#results
    const sure = (query: number): number => decoded[query]?.expected?.agreement ?? -Infinity
    return [...this.members.keys()]
      .filter(query => decoded[query] === undefined || !isGoodEnough(decoded[query], this.plan.spec))
      .sort((a, b) => sure(a) - sure(b))
  }

  /**
   * How many workers need not answer: s of N (as the caller said, else half of the spare coded queries), as a share of the
   * workers where there are fewer of them; never all.
   */
  get stragglers(): number {
    const { spec, n, size } = this.plan
    const workers = Math.min(this.#placing.workers + this.#yetToLeave, n)
    const stragglers = spec.stragglers ?? Math.floor((n - size) / 2)
    return Math.min(Math.round((stragglers * workers) / n), workers - 1)
  }

  report(stop: StopReason | undefined, now: Millis): GroupReport {
    return {
      group: this.id,
      code: this.plan.spec.code.name,
      k: this.plan.size,
      n: this.plan.n,
      model: this.plan.spec.model,
      startedAt: this.startedAt,
      deadlineAt: this.deadlineAt,
      endedAt: stop === undefined ? undefined : now,
      stop,
      survivors: this.#survivors,
      tasks: this.#tasks()
    }
  }

  get #survivors(): number[] {
    return this.#results.survivors.filter(index => this.plan.tasks[index].runner === 'worker')
  }

  #tasks(): TaskReport[] {
    const wrong = new Set(this.#results.wrong)
    return this.placements
      .flatMap(({ attempts }) => attempts)
      .map(attempt => ({
        ...attempt,
        status: attempt.status === 'result' && wrong.has(attempt.index) ? 'wrong' : attempt.status
      }))
  }

  /**
   * Are all predictions as good as was asked? They must be decoded to know that, so it is looked at every time that another
   * twentieth of the results has arrived.
   */
  #reachesQuality(): boolean {
    const { known } = this.#results
    if (known >= this.#looked.known + Math.ceil(this.plan.n / LOOKS)) {
      const reached = this.#results.decoded.every(it => it !== undefined && isGoodEnough(it, this.plan.spec))
      this.#looked = { known, reached }
    }
    return this.#looked.reached
  }

  /**
   * Do more workers than that still owe a result? Coded queries on one worker are late together, so they count once; one that is not
   * made or not sent yet counts as a worker's of its own. Of several copies of a task that are out, it is the first that is owed.
   */
  #owesMoreThan(most: number): boolean {
    let owing = this.#yetToLeave
    const workers: WorkerId[] = []
    for (const { placement, attempt } of this.inFlight.values()) {
      if (owing > most) {
        return true
      }
      const first = placement.attempts.find(({ status }) => status === 'waiting')
      if (attempt === first && attempt.worker !== SELF && !workers.includes(attempt.worker)) {
        workers.push(attempt.worker)
        owing++
      }
    }
    return owing > most
  }

  /** Tasks that are not made yet, or not sent. */
  get #yetToLeave(): number {
    return this.placements.reduce((sum, { attempts }) => sum + (attempts.length === 0 ? 1 : 0), this.plan.unmade)
  }

  #decodes(stop: StopReason | undefined): boolean {
    const { closed, spec } = this.plan
    return closed && !(stop === 'deadline' && spec.onDeadline === 'fail')
  }

  #predictions(stop: StopReason | undefined): (query: number) => Outcome {
    const { id, plan, placements } = this
    const missing = (query: number): Outcome => {
      if (stop === undefined) {
        return { status: 'pending', group: id }
      }
      const error = notPredicted(query, plan, { stop, arrived: this.#survivors.length, placements })
      return { status: 'failed', error, group: id }
    }
    return query => {
      const prediction = this.#decodes(stop) ? this.#results.decoded[query] : undefined
      return prediction === undefined ? missing(query) : predicted(prediction, plan.spec, id)
    }
  }
}
