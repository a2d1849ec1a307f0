/**
 * @packageDocumentation
 *
 * What runs models on a worker: the {@link Executor} interface with its implementations (ONNX Runtime in threads, another
 * process, and functions), and the admission queue in front of one. The only folder that may import `onnxruntime-node`
 * and `worker_threads`; of the others it imports `tensor` and `models`.
 *
 * @example
 * const executor = onnxExecutor({ models: [{ name: 'digits', path: 'lenet5.onnx' }] })
 * await executor.start()
 * const [model] = executor.models
 * const { outputs } = await executor.run({ model: model.id, inputs, outputs: ['logits'] })
 * await executor.stop()
 */
export {
  type Admission,
  type AdmissionInit,
  admission,
  type Load,
  type TaskHeader,
  type TaskOutcome,
  type Ticket
} from './admission.ts'
export { type BatchTimes, measureBatchTimes, type RowsTime } from './batch-times.ts'
export { entryUrl } from './entry-url.ts'
export {
  CancelledError,
  DuplicateModelError,
  ExecutorBusyError,
  ExecutorProcessError,
  ExecutorStoppedError,
  ModelLoadError,
  ModelNotFoundError,
  type ProcessFailure,
  ProviderUnavailableError,
  RejectedError,
  type RejectionReason,
  RunFailedError,
  RuntimeOptionError,
  type WorkerTimings
} from './errors.ts'
export type { Executor, RunRequest, RunResult } from './executor.ts'
export { type FunctionExecutorInit, type FunctionModel, functionExecutor } from './function-executor.ts'
export type { ProcessTimeouts } from './lasting-process.ts'
export {
  type OnnxExecutor,
  type OnnxExecutorInit,
  type OnnxModel,
  onnxExecutor,
  type ProviderReport
} from './onnx-executor.ts'
export { knownProviders, type ProviderProbe, probeProvider } from './probe-provider.ts'
export { type ProcessExecutorInit, processExecutor } from './process-executor.ts'
export { sampleInputs } from './sample-inputs.ts'
