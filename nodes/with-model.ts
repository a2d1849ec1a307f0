import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type OnnxExecutor, onnxExecutor } from '../src/runtime/index.ts'

/** Has an executor of this model; ONNX Runtime loads models from files, so it goes through one. */
export async function withModel<T>(file: Uint8Array, use: (executor: OnnxExecutor) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-model-'))
  const saved = path.join(folder, 'model.onnx')
  await writeFile(saved, file)
  const executor = onnxExecutor({ models: [{ name: 'model', path: saved }] })
  try {
    await executor.start()
    return await use(executor)
  } finally {
    await executor.stop()
    await rm(folder, { recursive: true })
  }
}
