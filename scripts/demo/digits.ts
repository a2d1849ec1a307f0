import { readFile } from 'node:fs/promises'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { parseNpy, type Tensor } from '../../src/tensor/index.ts'
import { IMAGES_PATH, K, LABELS_PATH, MODEL_NAME, MODEL_PATH } from './settings.ts'

/** A group of test digits. */
export interface DigitGroup {
  /** K images [1, 1, 32, 32]. */
  queries: Tensor[]
  labels: number[]
  /** What the model says to each by itself: logits [1, 10]. */
  direct: Tensor[]
}

export interface Digits {
  /** The model as `name@` and the first digits of its content id. */
  model: string
  groups: DigitGroup[]
}

/** The test digits in their order, K to a group; those that fill no group are left out. */
export async function readDigits(): Promise<Digits> {
  const [images, labels] = await Promise.all(
    [IMAGES_PATH, LABELS_PATH].map(async path => parseNpy(await readFile(path)))
  )
  const { model, logits } = await runDirectly(images)
  const groups = Array.from({ length: Math.floor(labels.size / K) }, (_, group) => {
    const rows = Array.from({ length: K }, (_, q) => group * K + q)
    return {
      queries: rows.map(row => images.rows(row, row + 1)),
      labels: rows.map(row => Number(labels.data[row])),
      direct: rows.map(row => logits.rows(row, row + 1))
    }
  })
  return { model, groups }
}

/** The yardstick: the model on every image, in this process, without a mesh. */
async function runDirectly(images: Tensor): Promise<{ model: string; logits: Tensor }> {
  const executor = onnxExecutor({ models: [{ name: MODEL_NAME, path: MODEL_PATH }] })
  await executor.start()
  try {
    const [{ id, name }] = executor.models
    // The executor takes its inputs over, and these images are still to be asked about.
    const { outputs } = await executor.run({ model: id, inputs: { image: images.clone() }, outputs: ['logits'] })
    return { model: `${name}@${id.slice(0, 12)}`, logits: outputs.logits }
  } finally {
    await executor.stop()
  }
}

/** The class with the highest score. */
export function argmax({ data }: Tensor): number {
  let best = 0
  for (let i = 1; i < data.length; i++) {
    if (data[i] > data[best]) {
      best = i
    }
  }
  return best
}
