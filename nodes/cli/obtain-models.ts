import path from 'node:path'
import { ModelNotAllowedError } from '../../protocols/model/index.ts'
import { type Model, type ModelId, parseModelId } from '../../src/models/index.ts'
import type { OnnxModel } from '../../src/runtime/index.ts'
import { askedModel } from './asked-model.ts'
import { UsageError } from './errors.ts'
import { type FetchInit, fetchModels, type NamedId, parseNamedId } from './fetch-models.ts'

/** Which models are to be served. */
export interface ObtainOptions {
  model?: string[]
  allow?: string[]
}

/**
 * The files of the models that are to be served; those that are named by their id come from the cache, or else from peers.
 *
 * @throws {UsageError} one is neither a file nor an id
 * @throws {ModelNotAllowedError} one is not on the list of those allowed
 */
export async function obtainModels({ model: texts = [], allow }: ObtainOptions, init: FetchInit): Promise<OnnxModel[]> {
  const allowed = allow?.map(parseAllowed)
  const asked = texts.map(text => parseNamedId(text) ?? parseFile(text))
  for (const each of asked) {
    const id = 'id' in each ? each.id : allowed && (await askedModel(each.path))
    if (id !== undefined && allowed?.includes(id) === false) {
      throw new ModelNotAllowedError(`model ${each.name} is ${id}, which --allow does not list`)
    }
  }
  const kept = await fetchModels(asked.filter(isNamedId), init)
  return asked.map(each => ('id' in each ? { name: each.name, path: pathOf(each.id, kept) } : each))
}

/** The files of served models by their content ids. */
export function filesById(models: readonly Model[], files: readonly OnnxModel[]): Map<ModelId, string> {
  return new Map(
    models.flatMap(({ id, name }) => files.filter(file => file.name === name).map(file => [id, file.path] as const))
  )
}

function pathOf(id: ModelId, kept: ReadonlyArray<{ id: ModelId; path: string }>): string {
  const found = kept.find(model => model.id === id)
  if (found === undefined) {
    throw new UsageError(`model ${id} was asked for and not fetched`)
  }
  return found.path
}

function parseFile(text: string): OnnxModel {
  const [, name, file] = /^(?:([^=/\\]+)=)?(.+)$/.exec(text) ?? []
  if (file === undefined) {
    throw new UsageError(`--model '${text}' is no model: give a file, name=file, or name@id`)
  }
  return { name: name ?? path.basename(file, '.onnx'), path: file }
}

function parseAllowed(text: string): ModelId {
  const id = parseModelId(text)
  if (id === undefined) {
    throw new UsageError(`--allow '${text}' is no content id: give a whole sha-256, or a CID`)
  }
  return id
}

function isNamedId(asked: NamedId | OnnxModel): asked is NamedId {
  return 'id' in asked
}
