import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment } from '../../nodes/index.ts'
import type { Model } from '../../src/models/index.ts'
import {
  type Admission,
  admission,
  type BatchTimes,
  measureBatchTimes,
  onnxExecutor,
  sampleInputs
} from '../../src/runtime/index.ts'
import { type BatchingSamples, batchingFigures, batchingTable } from './batching-figures.ts'

/** Tasks that are asked at once, and again as soon as one is answered. */
const IN_FLIGHT = [1, 2, 4, 8, 16, 32]

/** Tasks in a block for each that is in flight: long enough that its start and end weigh little. */
const DEPTH = 4

const WARM_UP_BLOCKS = 2

export interface BatchingOptions {
  model?: string
  blocks: number
  out: string
  json: boolean
}

/**
 * What a worker's queue makes of one model when tasks share runs, beside the same queue in which each runs alone: blocks of
 * tasks on the same executor, taking turns.
 */
export async function batching({ model: file = lenet5(), blocks, out, json }: BatchingOptions): Promise<void> {
  const startedAt = new Date()
  const executor = onnxExecutor({ models: [{ name: path.basename(file), path: file }] })
  await executor.start()
  try {
    const [model] = executor.models
    const batchTimes = await measureBatchTimes(executor)
    const samples = await measure(
      model,
      { apart: admission({ executor }), shared: admission({ executor, batchTimes }) },
      blocks
    )
    const figures = batchingFigures(samples, timesOf(batchTimes, model))
    const settings = { model: { name: model.name, id: model.id }, blocks, tasksInFlight: DEPTH }
    const results = { figures, settings, environment: await environment(startedAt) }
    const to = path.join(out, 'batching.json')
    await mkdir(out, { recursive: true })
    await writeFile(to, `${JSON.stringify(results, undefined, 2)}\n`)
    console.log(json ? JSON.stringify(results) : `${batchingTable(model.name, figures)}\nfigures: ${to}`)
  } finally {
    await executor.stop()
  }
}

async function measure(
  model: Model,
  queues: Record<'apart' | 'shared', Admission>,
  blocks: number
): Promise<BatchingSamples[]> {
  const samples: BatchingSamples[] = []
  for (const inFlight of IN_FLIGHT) {
    const sample: BatchingSamples = { inFlight, tasks: DEPTH * inFlight, apart: [], shared: [] }
    for (let block = -WARM_UP_BLOCKS; block < blocks; block++) {
      for (const kind of ['apart', 'shared'] as const) {
        const times = await timeBlock(queues[kind], model, inFlight, sample.tasks)
        if (block >= 0) sample[kind].push(times)
      }
    }
    samples.push(sample)
  }
  return samples
}

/** How long the block took, and each of its tasks from its header to its result, in ms. */
async function timeBlock(queue: Admission, { id, signature }: Model, inFlight: number, tasks: number) {
  const taskMs: number[] = []
  const outputs = signature.outputs.map(({ name }) => name)
  const inputs = Object.entries(sampleInputs(signature, 1)).map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
  let left = tasks
  const ask = async (): Promise<void> => {
    while (left > 0) {
      left--
      const row = sampleInputs(signature, 1)
      const began = performance.now()
      await queue.admit({ model: id, inputs, outputs, deadline: Number.POSITIVE_INFINITY }).run(row)
      taskMs.push(performance.now() - began)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, ask))
  return { blockMs: performance.now() - began, taskMs }
}

function timesOf(batchTimes: BatchTimes, { id }: Model) {
  return batchTimes.get(id) ?? []
}

function lenet5(): string {
  return fileURLToPath(new URL('../models/digits/lenet5.onnx', import.meta.url))
}
