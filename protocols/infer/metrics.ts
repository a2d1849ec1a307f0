import type { Counter, CounterGroup, Histogram, Metrics } from '@libp2p/interface'

/** What a peer holds of requests without their terminal frame. */
export interface InFlight {
  requests: number
  bytes: number
}

/** What is counted of all streams of one service. */
export interface InferMetrics {
  /** Frames as they are handed to libp2p and come from it. */
  bytes: CounterGroup
  /** At the worker, of runs that came to their end. */
  queueSeconds: Histogram
  runSeconds: Histogram
  /** At the worker: time in runs whose result nobody wanted any more. */
  wastedSeconds: Counter
  /** At the worker, by reason. */
  rejections: CounterGroup
}

/** A millisecond to a minute. */
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60]

/** Registers them; `asked` and `serving` are read whenever somebody looks: the credit used at workers, and by masters here. */
export function inferMetrics(metrics: Metrics, asked: () => InFlight, serving: () => InFlight): InferMetrics {
  metrics.registerMetricGroup('splinemesh_infer_in_flight_requests', {
    label: 'role',
    help: 'Requests without their terminal frame: asked of workers, and serving masters',
    calculate: () => ({ asked: asked().requests, serving: serving().requests })
  })
  metrics.registerMetricGroup('splinemesh_infer_in_flight_bytes', {
    label: 'role',
    help: 'Bytes of the tensors of these requests: the credit that they take',
    calculate: () => ({ asked: asked().bytes, serving: serving().bytes })
  })
  return {
    bytes: metrics.registerCounterGroup('splinemesh_infer_bytes_total', {
      label: 'direction',
      help: 'Bytes of frames, sent and received, before encryption'
    }),
    queueSeconds: metrics.registerHistogram('splinemesh_infer_queue_seconds', {
      buckets: SECONDS,
      help: 'Time that requests waited at this worker before their run'
    }),
    runSeconds: metrics.registerHistogram('splinemesh_infer_run_seconds', {
      buckets: SECONDS,
      help: 'Time that requests took inside the model at this worker'
    }),
    wastedSeconds: metrics.registerCounter('splinemesh_infer_wasted_seconds_total', {
      help: 'Time inside the model for requests that were cancelled while they ran'
    }),
    rejections: metrics.registerCounterGroup('splinemesh_infer_rejections_total', {
      label: 'reason',
      help: 'Requests that this worker did not run'
    })
  }
}
