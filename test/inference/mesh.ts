import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, Calls, last } from '../../nodes/calls.ts'
import { createPeer, type InferOptions, type Peer } from '../../nodes/index.ts'
import { type CodeName, codeFamily, type Layout } from '../../src/codes/index.ts'
import { Fleet } from '../../src/fleet/index.ts'
import { type Drive, drive, type Outcome, type PlanSpec, planSpec } from '../../src/inference/index.ts'
import type { ModelSignature, NamedTensors } from '../../src/models/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { type VirtualChannel, VirtualClock, virtualChannel } from '../../src/simulation/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** How a worker of a test mesh behaves: `stall` accepts tasks and never answers. */
export interface Behaviour {
  serviceMs?: number
  fault?: 'stall' | 'fail' | 'nan'
}

export type Options = Omit<InferOptions, 'model' | 'code' | 'features'> & {
  code: CodeName
  layout?: Layout
  maxWait?: number
  concurrency?: number
}

/** A master and its workers, over virtual or real channels. Worker `i` is called by its place in the list. */
export interface Mesh {
  infer(queries: Tensor[], options: Options): Promise<Answer>
  refine(queries: Tensor[], options: Options & { refineUntil?: 'stop' | 'deadline' }): Promise<Answer[]>
  predictAll(queries: Tensor[], options: Options): Promise<Outcome[]>
  /** The worker vanishes with all it was doing. */
  crash(worker: number): Promise<void>
  close(): Promise<void>
}

export type OpenMesh = (workers: Behaviour[]) => Promise<Mesh>

/** y = 2x + 1 on vectors of four, and the same as whole numbers. */
const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 4] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [null, 4] }]
}

export function query(value: number): Tensor {
  return Tensor.float32([value, value + 1, value + 2, value + 3], [1, 4])
}

export function run({ x }: NamedTensors): { y: Tensor } {
  return {
    y: Tensor.float32(
      Float32Array.from(x.data as Float32Array, v => 2 * v + 1),
      x.shape
    )
  }
}

export async function virtualMesh(behaviours: Behaviour[]): Promise<Mesh> {
  const clock = new VirtualClock()
  const fleet = new Fleet()
  const channels: VirtualChannel[] = behaviours.map(({ serviceMs = 5, fault }, i) =>
    virtualChannel({
      worker: `worker-${i}`,
      clock,
      profile: { service: () => serviceMs, network: () => 1, fault: () => fault },
      run,
      observe: observation => driven.observe(observation)
    })
  )
  const driven: Drive = drive({
    fleet,
    clock,
    channel: id => channels.find(({ worker }) => worker === id),
    answered: answer => calls.answered(answer)
  })
  const calls = new Calls(driven)
  channels.forEach(({ worker }) => {
    fleet.add(worker, ['double'])
  })
  const spec = (
    { code, layout, k = 4, n = k, deadline = 1000, ...rest }: Options,
    refine: PlanSpec['refine']
  ): PlanSpec =>
    planSpec({
      model: 'double',
      output: 'y',
      code: codeFamily(code),
      codeOptions: { layout },
      k,
      n,
      deadline,
      refine,
      ...rest
    })
  const ask = (queries: Tensor[], options: Options, refine: PlanSpec['refine']): AsyncGenerator<Answer> =>
    calls.batch(
      queries.map(x => ({ x })),
      spec(options, refine),
      options.concurrency ?? 4,
      options.signal
    )
  /** Real promises between virtual timers: gives them the turns that they need. */
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false
    void promise.then(
      () => {
        settled = true
      },
      () => {
        settled = true
      }
    )
    while (!settled) {
      await new Promise(resolve => setImmediate(resolve))
      clock.run(clock.now() + 1)
    }
    return promise
  }
  return {
    infer: (queries, options) => settle(last(ask(queries, options, 'never'))),
    refine: (queries, { refineUntil, ...options }) =>
      settle(Array.fromAsync(ask(queries, options, refineUntil === 'deadline' ? 'until-deadline' : 'until-stop'))),
    predictAll: (queries, options) =>
      settle(
        Promise.all(
          queries.map(async x => {
            const { outcomes } = await last(calls.single({ x }, spec(options, 'never'), 'lane', options.signal))
            return outcomes[0]
          })
        )
      ),
    async crash(worker) {
      fleet.remove(channels[worker].worker)
      channels[worker].crash()
    },
    async close() {
      clock.run()
      if (driven.held + calls.size > 0) {
        throw new Error(`the master still holds ${driven.held} things and ${calls.size} calls after its last query`)
      }
    }
  }
}

export async function realMesh(behaviours: Behaviour[]): Promise<Mesh> {
  const closing = new AbortController()
  const workers = await Promise.all(behaviours.map(behaviour => createPeer({ executor: executor(behaviour, closing) })))
  const master = await createPeer({ listen: [], bootstrap: workers.flatMap(({ addresses }) => addresses) })
  if (workers.length > 0) {
    await master.waitForWorkers({ model: 'double', count: workers.length, signal: AbortSignal.timeout(10_000) })
  }
  const stop = (peer: Peer): Promise<void> => peer.stop()
  return {
    infer: (queries, options) => master.infer({ queries, ...request(options) }),
    refine: (queries, options) => Array.fromAsync(master.inferProgressively({ queries, ...request(options) })),
    predictAll: (queries, options) =>
      Promise.all(
        queries.map(x =>
          master.predict(x, request(options)).catch((error): Outcome => ({ status: 'failed', error, group: undefined }))
        )
      ),
    async crash(worker) {
      await Promise.all(workers[worker].libp2p.getConnections().map(connection => connection.abort(new Error('crash'))))
    },
    async close() {
      closing.abort()
      await stop(master)
      await Promise.all(workers.map(stop))
    }
  }
}

function request<T extends Options>({ code, layout, ...rest }: T) {
  return { model: 'double', code: { name: code, layout }, ...rest }
}

function executor({ serviceMs = 5, fault }: Behaviour, closing: AbortController) {
  return functionExecutor({
    models: [
      {
        name: 'double',
        signature: SIGNATURE,
        async run(inputs) {
          if (fault === 'fail') {
            throw new Error('this worker always fails')
          }
          const ms = fault === 'stall' ? 2 ** 30 : serviceMs
          await sleep(ms, undefined, { signal: closing.signal }).catch(() => {})
          const outputs = run(inputs)
          if (fault === 'nan') {
            outputs.y.data[0] = Number.NaN
          }
          return outputs
        }
      }
    ]
  })
}
