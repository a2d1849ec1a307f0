import type { Clock, Millis, Observation, Task, TaskCallbacks, TaskTimings, WorkerChannel } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { type Dtype, Tensor } from '../tensor/index.ts'

/**
 * What can go wrong with a task: `silent` it is never accepted, `stall` accepted and never answered, `fail` the run
 * fails, `nan` and `misshapen` spoil the result.
 */
export type Fault = 'silent' | 'stall' | 'fail' | 'nan' | 'misshapen'

/** How a virtual worker behaves. Each function is asked once per task, in the order in which tasks are submitted. */
export interface VirtualProfile {
  /** Time of a run. */
  service(): Millis
  /** Time on the network, one way. */
  network(): Millis
  fault(): Fault | undefined
}

export interface VirtualWorkerInit {
  worker: string
  clock: Clock
  profile: VirtualProfile
  /** The model: what a run gives. */
  run(inputs: NamedTensors): NamedTensors
  observe?(observation: Observation): void
}

/** A channel to a worker that can be made to vanish. */
export interface VirtualChannel extends WorkerChannel {
  /** The worker is gone: all its tasks fail now, as will all that are submitted later. */
  crash(): void
}

/** A task failed at a virtual worker. */
export class VirtualFaultError extends Error {
  override readonly name = 'VirtualFaultError'
  readonly code = 'ERR_VIRTUAL_FAULT'
}

interface Running {
  task: Task
  /** Absent once the task was cancelled. */
  callbacks: TaskCallbacks | undefined
}

/** A worker on a virtual clock that runs one task at a time, first come first served. */
export function virtualChannel(init: VirtualWorkerInit): VirtualChannel {
  const { worker, clock, profile } = init
  const running = new Set<Running>()
  let freeAt: Millis = 0
  let crashed = false

  const settle = (it: Running, result: NamedTensors | Error, timings?: TaskTimings): void => {
    if (!running.delete(it)) {
      return
    }
    if (it.callbacks === undefined) {
      const outcome = result instanceof Error ? 'failed' : 'result'
      init.observe?.({ worker, model: it.task.model, outcome, timings })
    } else if (result instanceof Error) {
      it.callbacks.failed(result)
    } else {
      it.callbacks.result({ outputs: result, timings: timings ?? { queue: 0, run: 0, network: 0 } })
    }
  }

  const arrive = (it: Running, network: Millis, service: Millis, fault: Fault | undefined): void => {
    if (!running.has(it) || fault === 'silent') {
      return
    }
    it.callbacks?.accepted()
    if (fault === 'stall') {
      return
    }
    const startsAt = Math.max(freeAt, clock.now())
    const timings = { queue: startsAt - clock.now(), run: service, network: 2 * network }
    freeAt = startsAt + service
    clock.setTimer(freeAt + network, () => {
      if (running.has(it)) {
        settle(it, outcome(init.run, it.task, fault), timings)
      }
    })
  }

  return {
    worker,
    submit(task, callbacks) {
      const it: Running = { task, callbacks }
      const [network, service, fault] = [profile.network(), profile.service(), profile.fault()]
      running.add(it)
      if (crashed) {
        clock.setTimer(clock.now(), () => settle(it, new VirtualFaultError(`worker ${worker} is gone`)))
      } else {
        clock.setTimer(clock.now() + network, () => arrive(it, network, service, fault))
      }
      return {
        cancel: () => {
          it.callbacks = undefined
        }
      }
    },
    crash() {
      crashed = true
      for (const it of [...running]) {
        settle(it, new VirtualFaultError(`worker ${worker} vanished`))
      }
    }
  }
}

function outcome(run: VirtualWorkerInit['run'], task: Task, fault: Fault | undefined): NamedTensors | Error {
  if (fault === 'fail') {
    return new VirtualFaultError('the run failed')
  }
  const outputs = run(task.inputs)
  if (fault === undefined) {
    return outputs
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, spoil(tensor, fault)]))
}

function spoil(tensor: Tensor, fault: Fault): Tensor {
  if (fault === 'misshapen') {
    return Tensor.float32([0], [1, 1, 1])
  }
  const spoilt: Tensor<Dtype> = tensor.clone()
  if (spoilt.dtype === 'float32') {
    spoilt.data[0] = Number.NaN
  }
  return spoilt
}
