import path from 'node:path'
import { type CachedModel, cidOf, type ModelCache, ModelNotCachedError, parseModelId } from '../../src/models/index.ts'
import { AmbiguousModelError } from '../errors.ts'
import { InputFileError, UsageError } from './errors.ts'
import { fetchModels, parseNamedId } from './fetch-models.ts'
import { askerOf } from './fleet.ts'
import { interruptible } from './interruption.ts'
import { cacheOf } from './model-cache.ts'
import type { AddOptions, FetchCommandOptions, ModelsOptions } from './models.ts'
import { bytes } from './quantities.ts'
import { table } from './table.ts'

export async function list(options: ModelsOptions): Promise<void> {
  tell(await cacheOf(options).list(), options)
}

export async function add(file: string, options: AddOptions): Promise<void> {
  const { name = path.basename(file, '.onnx') } = options
  try {
    tell([await cacheOf(options).add(file, name)], options)
  } catch (error) {
    // named errors say what is wrong with the model; the others come from reading the file
    if (error instanceof Error && 'syscall' in error) {
      throw new InputFileError(`cannot read the model ${file}: ${error.message}`, { cause: error })
    }
    throw error
  }
}

export async function fetch(wanted: readonly string[], options: FetchCommandOptions): Promise<void> {
  const { wait: patience, json } = options
  const named = wanted.map(text => {
    const each = parseNamedId(text)
    if (each === undefined) {
      throw new UsageError(`'${text}' is no content id: give [name@] and a whole sha-256, or a CID`)
    }
    return each
  })
  const fetched = await interruptible(async signal =>
    fetchModels(named, {
      cache: cacheOf(options),
      peer: await askerOf(options),
      patience,
      show: json === undefined,
      signal
    })
  )
  tell(fetched, options)
}

export async function verify(asked: readonly string[], options: ModelsOptions): Promise<void> {
  const cache = cacheOf(options)
  const models = asked.length === 0 ? await cache.list() : await find(cache, asked)
  for (const { id } of models) {
    await cache.verify(id)
  }
  tell(models, options)
}

export async function remove(asked: readonly string[], options: ModelsOptions): Promise<void> {
  const cache = cacheOf(options)
  const models = await find(cache, asked)
  for (const { id } of models) {
    await cache.remove(id)
  }
  tell(models, options)
}

/** The cached models that are meant by an id, a name, or the first digits of an id. */
async function find(cache: ModelCache, asked: readonly string[]): Promise<CachedModel[]> {
  const models = await cache.list()
  return asked.map(text => {
    const id = parseModelId(text)
    const fitting = models.filter(model =>
      id === undefined ? model.name === text || model.id.startsWith(text) : model.id === id
    )
    if (fitting.length > 1) {
      const choices = fitting.map(model => model.id.slice(0, 12)).join(' or ')
      throw new AmbiguousModelError(`'${text}' means ${fitting.length} models of the cache: say which, ${choices}`)
    }
    if (fitting.length === 0) {
      throw new ModelNotCachedError(`no model '${text}' in the cache: splinemesh models ls shows what is there`)
    }
    return fitting[0]
  })
}

/** The models a command was about, for people or as JSON. */
function tell(models: readonly CachedModel[], { json }: ModelsOptions): void {
  if (json) {
    const shown = models.map(({ usedAt, ...model }) => ({ ...model, cid: cidOf(model.id), usedAt: new Date(usedAt) }))
    console.log(JSON.stringify({ models: shown }))
  } else if (models.length === 0) {
    console.log('no models in the cache')
  } else {
    const columns = [
      { title: 'model' },
      { title: 'size', align: 'right' as const },
      { title: 'last used' },
      { title: 'id' }
    ]
    console.log(
      table(
        columns,
        models.map(model => [model.name, bytes(model.bytes), day(model.usedAt), cidOf(model.id)])
      )
    )
  }
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
