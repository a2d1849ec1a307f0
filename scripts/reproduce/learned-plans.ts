import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import {
  calibrateDescription,
  calibrateParities,
  descriptionOf,
  parityPlan,
  studentCompanion
} from '../../nodes/index.ts'
import { codeFamily, learnConfidence } from '../../src/codes/index.ts'
import { linearPlan, type Plan, type PlanTask, planSpec, type Side, sidePlan } from '../../src/inference/index.ts'
import type { Model } from '../../src/models/index.ts'
import { type OnnxExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import { stack, type Tensor } from '../../src/tensor/index.ts'
import { macsOf } from './macs.ts'
import { floats } from './models.ts'

/** Queries of a group, its workers, and how many of them straggle. */
export interface LearnedCell {
  k: number
  n: number
  stragglers: number
}

/** A way to use the workers of a group. */
export interface Way {
  method: string
  /** What it decodes. */
  output: 'softmax' | 'logits'
  plan(): Plan
}

/** Runs of ONNX Runtime on so many images at once. */
const ROWS_AT_ONCE = 500
const MODELS = new URL('../models/mnist/', import.meta.url)
const NAMES = [
  'lenet5',
  'student',
  'parity-k2',
  'parity-k3',
  'parity-k4',
  'mosaic-k4',
  'invnet',
  'encoder-k10'
] as const

type Name = (typeof NAMES)[number]

/** The models that were trained for MNIST, running, and the images that their trainings held back. */
export class LearnedModels {
  readonly executor: OnnxExecutor
  readonly #held: readonly Tensor[]
  readonly #files: ReadonlyMap<Name, string>
  readonly #macs = new Map<string, number>()

  private constructor(executor: OnnxExecutor, files: ReadonlyMap<Name, string>, held: readonly Tensor[]) {
    this.executor = executor
    this.#files = files
    this.#held = held
  }

  static async load(held: readonly Tensor[]): Promise<LearnedModels> {
    const files = new Map<Name, string>()
    for (const name of NAMES) {
      const file = fileURLToPath(new URL(`${name}.onnx`, MODELS))
      if (await isThere(file)) files.set(name, file)
    }
    const executor = onnxExecutor({ models: Array.from(files, ([name, path]) => ({ name, path })) })
    await executor.start()
    return new LearnedModels(executor, files, held)
  }

  get missing(): Name[] {
    return NAMES.filter(name => !this.#files.has(name))
  }

  model(asked: Name): Model {
    const model = this.executor.models.find(({ name }) => name === asked)
    if (model === undefined) throw new RangeError(`${asked} was not trained`)
    return model
  }

  /** Multiply-adds of a model on so many rows, by its id: counted by running the graph, once. */
  async macs(id: string, rows: number): Promise<number> {
    const key = `${id} ${rows}`
    let macs = this.#macs.get(key)
    if (macs === undefined) {
      const file = [...this.#files].find(([name]) => this.model(name).id === id)?.[1]
      if (file === undefined) throw new RangeError(`none of the models has the id ${id}`)
      macs = await macsOf(file, rows)
      this.#macs.set(key, macs)
    }
    return macs
  }

  async run({ model, inputs, output }: Pick<PlanTask, 'model' | 'inputs' | 'output'>): Promise<Tensor> {
    // An executor takes its inputs over, and queries are asked again.
    const own = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, tensor.clone()]))
    return (await this.executor.run({ model, inputs: own, outputs: [output] })).outputs[output]
  }

  async logits(name: Name, images: readonly Tensor[]): Promise<Float32Array[]> {
    const { id } = this.model(name)
    const logits: Float32Array[] = []
    for (let from = 0; from < images.length; from += ROWS_AT_ONCE) {
      const batch = images.slice(from, from + ROWS_AT_ONCE).map(image => image.row(0))
      const answer = await this.run({ model: id, inputs: { image: stack(batch) }, output: 'logits' })
      batch.forEach((_, i) => {
        logits.push(floats(answer.row(i)))
      })
    }
    return logits
  }

  async close(): Promise<void> {
    await this.executor.stop()
  }

  /** Copies, and whatever was trained for such groups of LeNet5. */
  async waysOfLeNet5(cell: LearnedCell): Promise<Way[]> {
    const { k, n } = cell
    const model = this.model('lenet5')
    const parity = ([2, 3, 4] as const).map(each => `parity-k${each}` as const).find(name => name.endsWith(`k${k}`))
    const ways = [copies(cell, model)]
    if (n === k + 1 && parity !== undefined && this.#files.has(parity)) {
      ways.push(await this.#parities(cell, 'ParM', { model, output: 'softmax', parity }))
    }
    const side = { student: await this.#student(), description: await this.#description(model, k) }
    if (side.description !== undefined) ways.push(sided('mosaic', cell, { description: side.description }, model))
    ways.push(sided('backup model', cell, { student: side.student }, model))
    if (side.description !== undefined) ways.push(sided('backup model + mosaic', cell, side, model))
    return ways
  }

  /** Copies, and Coded-InvNet where it was trained. */
  async waysOfInvNet(cell: LearnedCell): Promise<Way[]> {
    const model = this.model('invnet')
    const asked = { model, output: 'logits', parity: 'invnet', encoder: 'encoder-k10' } as const
    return [copies(cell, model), await this.#parities(cell, 'Coded-InvNet', asked)]
  }

  async #parities(cell: LearnedCell, method: string, asked: AskedParity): Promise<Way> {
    const { model, output, parity, encoder } = asked
    const judged = { executor: this.executor, model: model.name, output, data: this.#held }
    const profile = await calibrateParities({ ...judged, parities: [parity], encoder, k: cell.k })
    const plan = parityPlan(profile, model, this.executor.models)
    const spec = planSpec({ ...initOf(cell, model, output), code: codeFamily('parm'), ...plan })
    return { method, output, plan: () => linearPlan(spec) }
  }

  async #student() {
    const [answers, own] = [await this.logits('student', this.#held), await this.logits('lenet5', this.#held)]
    return studentCompanion({
      student: this.model('student'),
      output: 'logits',
      confidence: learnConfidence(answers, own)
    })
  }

  async #description(model: Model, k: number) {
    if (k < 4 || !this.#files.has('mosaic-k4')) return undefined
    const judged = { executor: this.executor, model: model.name, output: 'logits', data: this.#held }
    const profile = await calibrateDescription({ ...judged, description: 'mosaic-k4', side: 2 })
    return descriptionOf(profile, { model, output: 'logits' })
  }
}

interface AskedParity {
  model: Model
  output: Way['output']
  parity: Name
  encoder?: Name
}

function initOf({ k, n, stragglers }: LearnedCell, { id }: Model, output: string) {
  return { model: id, output, k, n, stragglers, deadline: 1 }
}

function copies(cell: LearnedCell, model: Model): Way {
  const spec = planSpec({ ...initOf(cell, model, 'logits'), code: codeFamily('replication') })
  return { method: 'replication', output: 'logits', plan: () => linearPlan(spec) }
}

function sided(method: string, cell: LearnedCell, side: Side, model: Model): Way {
  const spec = planSpec({ ...initOf(cell, model, 'logits'), code: codeFamily('replication'), side })
  return { method, output: 'logits', plan: () => sidePlan(spec, side) }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
