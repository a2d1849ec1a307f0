import { type Logger, type Startable, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import type { FleetSnapshot } from '../src/fleet/index.ts'
import type { Clock, PlanSpec } from '../src/inference/index.ts'
import { type Model, type NamedTensors, parseModelId } from '../src/models/index.ts'
import { advised } from './advised.ts'
import { type Answer, type FinalAnswer, last } from './calls.ts'
import { systemClock } from './clock.ts'
import type {
  CodedInference,
  CodedInferenceComponents,
  CodedInferenceInit,
  CodedOptions,
  Hint,
  InferOptions,
  InferRequest,
  Prediction,
  PredictOptions,
  ProgressiveRequest,
  WaitOptions,
  WorkerLoad
} from './coded-inference.ts'
import { InvalidOptionError, PeerStoppedError } from './errors.ts'
import { withParities } from './parities.ts'
import { type PlanningInit, planned } from './planned.ts'
import { withProfile } from './profiled.ts'
import { checkQueries, checkQuery, type Query } from './queries.ts'
import { connect, disconnect, type Running } from './running.ts'
import type { WorkerInfo } from './workers.ts'

export class CodedInferenceService implements CodedInference, Startable {
  readonly #components: CodedInferenceComponents
  readonly #init: CodedInferenceInit
  readonly #clock: Clock
  readonly #log: Logger
  #running: Running | undefined

  constructor(components: CodedInferenceComponents, init: CodedInferenceInit) {
    this.#components = components
    this.#init = init
    this.#clock = init.clock ?? systemClock
    this.#log = components.logger.forComponent('splinemesh:coded-inference')
  }

  readonly [Symbol.toStringTag] = 'splinemesh/coded-inference'

  readonly [serviceCapabilities]: string[] = ['splinemesh/coded-inference']

  readonly [serviceDependencies]: string[] = ['@libp2p/identify']

  isStarted(): boolean {
    return this.#running !== undefined
  }

  /** Loads the models before the node has connections: those that come while its services start are announced to nobody. */
  async beforeStart(): Promise<void> {
    const { executor, companions } = this.#init
    try {
      await Promise.all([executor?.start(), companions?.start()])
    } catch (err) {
      await this.#stopExecutors()
      throw err
    }
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) {
      return
    }
    await this.beforeStart()
    try {
      this.#running = await connect(this.#components, this.#init, { clock: this.#clock, log: this.#log })
    } catch (err) {
      await this.#stopExecutors()
      throw err
    }
  }

  /** Only now are the node's content routers at work. */
  afterStart(): void {
    const { routing, admission } = this.#started()
    routing.announce(admission?.models.map(({ id }) => id) ?? [])
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    if (running !== undefined) {
      await disconnect(this.#components, running)
    }
    // A node that fails to start stops what it has begun with.
    await this.#stopExecutors()
  }

  async infer(request: InferRequest): Promise<FinalAnswer> {
    return last(this.#ask(request, 'never'))
  }

  async *inferProgressively(request: ProgressiveRequest): AsyncGenerator<Answer> {
    yield* this.#ask(request, request.refineUntil === 'deadline' ? 'until-deadline' : 'until-stop')
  }

  async predict(query: Query, asked: PredictOptions): Promise<Prediction> {
    const began = this.#clock.now()
    const cold = this.#model(this.#withVariants(asked).model) === undefined
    const { options, model } = await this.#settle(asked)
    const named = checkQuery(query, model)
    const features = await this.#features(options, [named])
    // A call that had to look for workers first has that much less time left.
    const spent = cold ? this.#clock.now() - began : 0
    const spec = this.#plan(options, model, { refine: 'never', spent, maxWait: asked.maxWait, features: features?.of })
    const shapes = Object.entries(named).map(([name, { shape }]) => [name, shape])
    const lane = JSON.stringify({
      ...spec,
      code: spec.code.name,
      calibrated: spec.calibrated?.id,
      features: features?.key,
      shapes
    })
    const { outcomes } = await last(this.#started().calls.single(named, spec, lane, options.signal))
    const [outcome] = outcomes
    if (outcome.status === 'failed') {
      throw outcome.error
    }
    return outcome
  }

  workers(): WorkerInfo[] {
    const { workers } = this.#started()
    workers.want()
    return workers.list()
  }

  snapshot(): FleetSnapshot {
    return this.#started().fleet.snapshot()
  }

  load(): WorkerLoad | undefined {
    const admission = this.#running?.admission
    return admission && { ...admission.load, models: admission.models }
  }

  heard(hint: Hint): void {
    // what is said while this peer starts is said again
    this.#running?.reach.heard(hint)
  }

  waitForWorkers(options: WaitOptions): Promise<void> {
    return this.#started().reach.workers(options)
  }

  async #stopExecutors(): Promise<void> {
    await this.#init.executor?.stop()
    await this.#init.companions?.stop()
  }

  async *#ask(asked: InferRequest, refine: PlanSpec['refine']): AsyncGenerator<Answer> {
    this.#started()
    const { concurrency = 4, signal } = asked
    if (!(Number.isInteger(concurrency) && concurrency >= 1)) {
      throw new InvalidOptionError(`concurrency must be a whole number of at least 1, got ${concurrency}`)
    }
    const { options, model } = await this.#settle(asked)
    const queries = await checkQueries(asked.queries, model)
    const features = await this.#features(options, queries)
    const spec = this.#plan(options, model, { refine, features: features?.of })
    yield* this.#started().calls.batch(queries, spec, concurrency, signal)
  }

  /** The model that is asked for, and the options with all that their profile, the advisor and the measured times say. */
  async #settle(asked: InferOptions): Promise<{ options: CodedOptions; model: Model }> {
    const { options, model } = await this.#coded(asked)
    const deadline = asked.deadline ?? this.#started().workers.deadline(model)
    return { options: deadline === undefined ? options : { ...options, deadline }, model }
  }

  async #coded({ code, ...request }: InferOptions): Promise<{ options: CodedOptions; model: Model }> {
    const asked = this.#withVariants(request)
    if (code !== 'auto') {
      const options = withParities(withProfile({ ...asked, code }))
      return { options, model: await this.#started().reach.model(options) }
    }
    // What to choose depends on how many workers there are: all that can be reached in time are waited for.
    const model = await this.#started().reach.model({ ...asked, n: Infinity })
    const { workers } = this.#started()
    const deadline = asked.deadline ?? workers.deadline(model) ?? 1000
    const { options } = advised(asked, model, {
      workers: workers.count(model),
      late: deadlines => workers.late(model, deadlines * deadline)
    })
    return { options, model }
  }

  /** Where variants are allowed, they are what is asked for. */
  #withVariants<T extends Pick<InferOptions, 'model' | 'variants'>>(request: T): T {
    const { model, variants } = request
    if (variants === undefined) {
      return request
    }
    if (model !== variants.name && !variants.variants.some(({ id }) => id === parseModelId(model))) {
      throw new InvalidOptionError(`variants of '${variants.name}' are allowed, and '${model}' is asked for`)
    }
    for (const { id } of variants.variants) {
      this.#started().reach.seek(id)
    }
    return { ...request, model: this.#started().workers.allow(variants) }
  }

  /** Finds out what makes these queries alike, where that is asked for. */
  async #features({ features, deadline = 1000 }: CodedOptions, queries: readonly NamedTensors[]) {
    if (features === undefined) {
      return undefined
    }
    const { features: known } = this.#started()
    await known.learn(features, queries, deadline)
    return { of: known.of, key: known.key(features) }
  }

  #plan(options: CodedOptions, model: Model, more: Omit<PlanningInit, 'companions'>): PlanSpec {
    return planned(options, model, { companions: this.#started().companions?.models ?? [], ...more })
  }

  #model(asked: string): Model | undefined {
    return this.#started().workers.model(asked)
  }

  #started(): Running {
    if (this.#running === undefined) {
      throw new PeerStoppedError('this peer is not started: start it before asking')
    }
    return this.#running
  }
}
