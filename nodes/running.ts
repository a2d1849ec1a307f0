import type { Connection, Logger, Startable } from '@libp2p/interface'
import { INFER_PROTOCOL, type Infer, infer } from '../protocols/infer/index.ts'
import { Fleet } from '../src/fleet/index.ts'
import { type Clock, type Drive, drive, type GroupReport, SELF } from '../src/inference/index.ts'
import { type Admission, admission, measureBatchTimes } from '../src/runtime/index.ts'
import { Calls } from './calls.ts'
import type { CodedInferenceComponents, CodedInferenceInit } from './coded-inference.ts'
import { Features } from './features.ts'
import { localChannel } from './local-channel.ts'
import { ModelReach } from './model-reach.ts'
import { ModelRouting } from './model-routing.ts'
import { Workers } from './workers.ts'

/** What exists while the service is started. */
export interface Running {
  infer: Infer & Partial<Startable>
  admission: Admission | undefined
  companions: Admission | undefined
  features: Features
  fleet: Fleet
  workers: Workers
  routing: ModelRouting
  reach: ModelReach
  calls: Calls
  drive: Drive
  topology: string
}

/** Joins the parts of the service to each other and to the node. */
export async function connect(
  components: CodedInferenceComponents,
  init: CodedInferenceInit,
  { clock, log }: { clock: Clock; log: Logger }
): Promise<Running> {
  const { peerId, registrar, connectionManager } = components
  const { executor, maxQueued, batching = false, infer: wire, memory = {}, fleet = new Fleet() } = init
  const now = (): number => clock.now()
  fleet.restore(memory, now())
  const batchTimes = executor && batching ? await measureBatchTimes(executor) : undefined
  const queue = executor && admission({ executor, maxQueued, batchTimes, now })
  const companions = init.companions && admission({ executor: init.companions, now })
  const observe: Drive['observe'] = observation => driven.observe(observation)
  const protocol: Running['infer'] = infer({
    ...wire,
    now,
    observe,
    admission: queue
  })(components)
  const own = companions && localChannel({ worker: SELF, admission: companions, observe })
  const driven = drive({
    fleet,
    clock,
    channel: worker => (worker === SELF ? own : workers.channel(worker)),
    answered: answer => calls.answered({ ...answer, report: withVariants(answer.report, workers) })
  })
  const calls = new Calls(driven)
  const worker = peerId.toString()
  const workers = new Workers({
    infer: protocol,
    fleet,
    clock,
    log,
    local: queue && { channel: localChannel({ worker, admission: queue, observe }), models: queue.models },
    hostOf: worker => hostOf(connectionManager.getConnections().find(each => String(each.remotePeer) === worker)),
    joined: () => driven.dispatch({ type: 'workers' })
  })
  const routing = new ModelRouting(components, { clock, log, searched: () => workers.reconsider() })
  const reach = new ModelReach({ workers, routing, connectionManager, clock, log })
  await protocol.start?.()
  const topology = await registrar.register(INFER_PROTOCOL, {
    onConnect: peer => {
      if (init.mayServe?.(peer) !== false) {
        workers.seen(peer)
      }
    },
    onDisconnect: peer => workers.lost(peer)
  })
  const features = new Features({ companions, now })
  return {
    infer: protocol,
    admission: queue,
    companions,
    features,
    fleet,
    workers,
    routing,
    reach,
    calls,
    drive: driven,
    topology
  }
}

/** Ends what {@link connect} made, callers first. */
export async function disconnect(
  { registrar }: Pick<CodedInferenceComponents, 'registrar'>,
  { topology, calls, routing, workers, infer, admission, companions }: Running
): Promise<void> {
  registrar.unregister(topology)
  calls.stop()
  await routing.stop()
  await workers.stop()
  await infer.stop?.()
  await admission?.stop()
  await companions?.stop()
}

/** A report that says which variant each worker was to run. */
function withVariants(report: GroupReport, workers: Workers): GroupReport {
  const tasks = report.tasks.map(task => {
    const variant = workers.variantOf(task.worker, report.model)?.id
    return variant === undefined ? task : { ...task, variant }
  })
  return { ...report, tasks }
}

/** The address of the other side without ports; of a relayed connection, that of the relay, which is lost with it as well. */
function hostOf(connection: Connection | undefined): string | undefined {
  return connection?.remoteAddr.getComponents()[0]?.value
}
