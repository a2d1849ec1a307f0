import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { shuffled } from '../../src/chance/index.ts'
import { knownFile, unpacked } from './data-files.ts'
import { ReproduceError } from './errors.ts'
import { type Dataset, decodeImage, type Images, type Most } from './images.ts'

const MODEL = new URL('../models/cifar10/', import.meta.url)
const SIDE = 32
const IMAGE = 3 * SIDE * SIDE

/**
 * ResNet-20 and CIFAR-10, in a public copy that went through JPEG, from a folder that holds it under `data/cifar10` or `cifar10`.
 * What is learned on are the training images that the network was not fitted to: every tenth of each class. Images are 3×32×32 in [0, 1].
 *
 * @throws {MissingDataError} the folder does not hold the files
 * @throws {ReproduceError} one is not what the model was made with
 */
export async function readCifar10(folder: string | undefined): Promise<Dataset> {
  const recipe = JSON.parse(await readFile(new URL('recipe.json', MODEL), 'utf8'))
  const digests: Record<string, string> = recipe.data.sha256
  const [train, test] = await Promise.all(
    ['train_jpeg.tar', 'test_5000.bin'].map(name => knownFile(folder, `cifar10/${name}`, digests[name]))
  )
  const every: number = recipe.split.calibrationEvery
  return {
    shape: { channels: 3, height: SIDE, width: SIDE },
    models: { deployed: fileURLToPath(new URL('resnet20.onnx', MODEL)) },
    learning: await trainingImages(train, number => number % every === 0, recipe.resnet20.classes),
    test: records(test),
    fitted: async most =>
      (await trainingImages(train, number => number % every !== 0, recipe.resnet20.classes, most)).pixels
  }
}

/** The images `train/<class>/<number>.jpg` whose number passes, or some of them. */
async function trainingImages(
  archive: Uint8Array,
  passes: (number: number) => boolean,
  classes: readonly string[],
  most?: Most
): Promise<Images> {
  const all = await unpacked(archive, name => passes(Number(/(\d+)\.jpg$/.exec(name)?.[1])))
  const files = most === undefined ? all : shuffled(all, most.chance).slice(0, most.count)
  return {
    pixels: await Promise.all(files.map(({ content }) => decodeImage(content, SIDE))),
    labels: files.map(({ name }) => classes.indexOf(name.split('/')[1]))
  }
}

/** Records of one byte for the class and 3072 for the image, channels apart. */
function records(file: Uint8Array): Images {
  const count = file.length / (1 + IMAGE)
  if (!Number.isInteger(count)) throw new ReproduceError(`${file.length} bytes are no records of 1 + ${IMAGE}`)
  const record = (i: number): Uint8Array => file.subarray(i * (1 + IMAGE), (i + 1) * (1 + IMAGE))
  return {
    pixels: Array.from({ length: count }, (_, i) => Float32Array.from(record(i).subarray(1), value => value / 255)),
    labels: Uint8Array.from({ length: count }, (_, i) => record(i)[0])
  }
}
