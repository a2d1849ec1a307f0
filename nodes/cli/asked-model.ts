import { createReadStream } from 'node:fs'
import { pipe } from 'it-pipe'
import { contentIdOf } from '../../src/models/index.ts'
import { ModelLoadError } from '../../src/runtime/index.ts'
import { servedModel } from '../served-model.ts'
import type { WorkerInfo } from '../workers.ts'

/**
 * What the user calls a model, as the API takes it: a file stands for its content id, so that no other model of that name
 * answers.
 *
 * @throws {ModelLoadError} the file cannot be read
 */
export async function askedModel(text: string): Promise<string> {
  if (!text.endsWith('.onnx')) {
    return text
  }
  try {
    return await pipe(createReadStream(text), contentIdOf)
  } catch (cause) {
    throw new ModelLoadError(
      `cannot read the model ${text}: ${cause instanceof Error ? cause.message : cause}. Give a file, or the name that workers serve it by`,
      { cause }
    )
  }
}

/** How many workers serve the model. */
export function serving(workers: readonly WorkerInfo[], asked: string): number {
  const model = servedModel(workers, asked)
  return workers.filter(({ models }) => models.some(({ id }) => id === model?.id)).length
}
