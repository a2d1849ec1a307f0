import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import Table from 'cli-table3'
import { Registry } from 'prom-client'
import { createPeer, environment, type InferOptions } from '../../nodes/index.ts'
import { type Packing, parseNpy, type Tensor } from '../../src/tensor/index.ts'
import { argmax } from '../reproduce/score.ts'

/** The forms of the tensors on the wire, as they are first: the others are compared with it. */
const FORMS: ReadonlyArray<Packing | 'float32'> = ['float32', 'float16', 'int8']

/** What is sent: the queries themselves, and mixtures of them from which every prediction is reconstructed. */
const PLANS: Array<{ plan: string } & Pick<InferOptions, 'code' | 'k' | 'n' | 'stragglers'>> = [
  { plan: 'uncoded', code: 'uncoded', k: 4, n: 4 },
  { plan: 'nercc, K = 4, N = 12', code: 'nercc', k: 4, n: 12, stragglers: 0 }
]

const DEADLINE_MS = 60_000
const BYTES = /^splinemesh_infer_bytes_total\{direction="(?:sent|received)"\} (\d+)/gm

export interface PackingOptions {
  out: string
  json: boolean
}

interface Figure {
  plan: string
  form: string
  /** Of tensors and headers, there and back, before encryption. */
  bytesPerQuery: number
  accuracy: number
  /** How often the class is that of the same plan with float32 on the wire. */
  agreement: number
}

/** What shorter tensors on the wire cost in accuracy: the digits that no training saw, through a worker with the LeNet-5. */
export async function packing({ out, json }: PackingOptions): Promise<void> {
  const startedAt = new Date()
  const images = parseNpy(await readFile(digits('test-images.npy')))
  const labels = Array.from(parseNpy(await readFile(digits('test-labels.npy'))).data, Number)
  const worker = await createPeer({ models: [{ name: 'lenet5', path: digits('lenet5.onnx') }] })
  const figures: Figure[] = []
  try {
    for (const { plan, ...options } of PLANS) {
      let plain: readonly number[] = []
      for (const form of FORMS) {
        const { classes, bytes } = await ask(worker.addresses, form, images, options)
        plain = form === 'float32' ? classes : plain
        figures.push({
          plan,
          form,
          bytesPerQuery: bytes / labels.length,
          accuracy: shareOf(classes, labels),
          agreement: shareOf(classes, plain)
        })
      }
    }
  } finally {
    await worker.stop()
  }
  const results = { figures, settings: { queries: labels.length }, environment: await environment(startedAt) }
  const file = path.join(out, 'packing.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${table(figures, labels.length)}\nfigures: ${file}`)
}

async function ask(
  bootstrap: string[],
  form: Packing | 'float32',
  images: Tensor,
  options: Pick<InferOptions, 'code' | 'k' | 'n' | 'stragglers'>
): Promise<{ classes: number[]; bytes: number }> {
  const registry = new Registry()
  const master = await createPeer({
    listen: [],
    bootstrap,
    infer: { packing: form === 'float32' ? undefined : form },
    metrics: prometheusMetrics({ registry, collectDefaultMetrics: false })
  })
  try {
    await master.waitForWorkers({ model: 'lenet5', signal: AbortSignal.timeout(DEADLINE_MS) })
    const request = { ...options, model: 'lenet5', queries: images, output: 'logits', deadline: DEADLINE_MS }
    const { outcomes } = await master.infer(request)
    const classes = outcomes.map(outcome => {
      if (outcome.status === 'failed') {
        throw outcome.error
      }
      return argmax(Float32Array.from(outcome.output.data, Number))
    })
    const exposition = await registry.metrics()
    const bytes = [...exposition.matchAll(BYTES)].reduce((sum, [, count]) => sum + Number(count), 0)
    return { classes, bytes }
  } finally {
    await master.stop()
  }
}

function shareOf(classes: readonly number[], as: readonly number[]): number {
  return classes.filter((each, i) => each === as[i]).length / as.length
}

function table(figures: readonly Figure[], queries: number): string {
  const grid = new Table({
    head: [`${queries} digits`, 'on the wire', 'bytes a query\nthere and back', 'right', 'class as with\nfloat32'],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true }
  })
  for (const { plan, form, bytesPerQuery, accuracy, agreement } of figures) {
    grid.push([plan, form, bytesPerQuery.toFixed(0), accuracy.toFixed(4), agreement.toFixed(4)])
  }
  return grid.toString()
}

function digits(file: string): string {
  return fileURLToPath(new URL(`../models/digits/${file}`, import.meta.url))
}
