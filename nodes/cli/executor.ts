import { type OnnxExecutor, type OnnxModel, onnxExecutor, processExecutor } from '../../src/runtime/index.ts'
import { UsageError } from './errors.ts'
import type { ExecutorOptions } from './executor-options.ts'

/** @throws {UsageError} an option makes no sense beside another */
export async function executorOf(models: OnnxModel[], options: ExecutorOptions): Promise<OnnxExecutor> {
  const { ep: providers, threads, intraOpThreads, sessionMemory, executor } = options
  const init = { models, providers, threads, intraOpThreads }
  if (executor === undefined) {
    return onnxExecutor({ ...init, maxSessionBytes: sessionMemory === undefined ? undefined : sessionMemory * 2 ** 20 })
  }
  if (sessionMemory !== undefined) {
    throw new UsageError('--session-memory is of no use with --executor: the program loads its models as it wants')
  }
  return processExecutor({
    ...init,
    command: ['/bin/sh', '-c', executor],
    onStderr: text => process.stderr.write(text)
  })
}
