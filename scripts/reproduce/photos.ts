import path from 'node:path'
import { dataFile, knownFile, unpacked } from './data-files.ts'
import { type Dataset, decodeImage, type Images } from './images.ts'

const PHOTOS = {
  file: 'imagenet-sample/even500_256px_jpeg.tar',
  sha256: 'd4507f7c9aeeba423fa657da8d66b4e85c6c4d0ac33eeafa235a863a4721f55c'
}
const MODEL = 'models/mobilenet_v1_0.5_160_fp32.onnx'
const SIDE = 160

/**
 * MobileNet and 500 photos, one of every second class of ImageNet, from a folder that holds them under `data/imagenet-sample` and
 * `models`. Every second photo is for learning, the others are for the test; the network may have been trained on either.
 * Images are 3×160×160 in [−1, 1].
 *
 * @throws {MissingDataError} the folder does not hold the files
 * @throws {ReproduceError} the photos are others
 */
export async function readPhotos(folder: string | undefined): Promise<Dataset> {
  const deployed = (await dataFile(folder, MODEL)).found
  const archive = await knownFile(folder, PHOTOS.file, PHOTOS.sha256)
  const photos = await unpacked(archive, name => name.endsWith('.JPEG'))
  return {
    shape: { channels: 3, height: SIDE, width: SIDE },
    models: { deployed: path.resolve(deployed) },
    learning: await images(photos.filter((_, i) => i % 2 === 1)),
    test: await images(photos.filter((_, i) => i % 2 === 0))
  }
}

/** Photos are named `<class>_<synset>_<word>.JPEG`, and the model's class 0 is the background. */
async function images(files: readonly { name: string; content: Uint8Array }[]): Promise<Images> {
  const planes = await Promise.all(files.map(({ content }) => decodeImage(content, SIDE)))
  return {
    pixels: planes.map(values => values.map(value => 2 * value - 1)),
    labels: files.map(({ name }) => 1 + Number.parseInt(name, 10))
  }
}
