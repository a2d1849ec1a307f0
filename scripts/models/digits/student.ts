/**
 * `node scripts/models/digits/student.ts <train-images.npy>`: fits a student to what LeNet5 says of three quarters of the training images,
 * learns on the last quarter what its answers are worth, and writes `student.onnx` and `student.json` beside this file. No
 * label and no test image is looked at.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { calibrateStudent, fitStudent } from '../../../nodes/index.ts'
import { onnxExecutor } from '../../../src/runtime/index.ts'
import { parseNpy, type Tensor } from '../../../src/tensor/index.ts'

/** Few: with more it is as good as the model on these digits, and there would be nothing to see. */
const PATCHES = 4
const SHAPE = { channels: 1, height: 32, width: 32 }

const [lenet5, student] = ['lenet5', 'student'].map(name => ({
  name,
  path: fileURLToPath(new URL(`${name}.onnx`, import.meta.url))
}))
const images = parseNpy(await readFile(process.argv[2]))
const fitted = images.rows(0, Math.floor(0.75 * images.shape[0]))
const heldBack = images.rows(fitted.shape[0], images.shape[0])

await writeFile(
  student.path,
  await fitStudent({ queries: rowsOf(fitted), shape: SHAPE, logits: await logitsOf(fitted), patches: PATCHES })
)
const executor = onnxExecutor({ models: [lenet5, student] })
await executor.start()
const profile = await calibrateStudent({ executor, model: 'lenet5', student: 'student', data: heldBack })
await executor.stop()
await writeFile(fileURLToPath(new URL('student.json', import.meta.url)), `${JSON.stringify(profile)}\n`)
console.log(
  `its answers cost ${profile.cost.toFixed(2)} of the model's; how often they are the model's: ${profile.agreements.map(share => share.toFixed(2)).join(' ')}`
)

async function logitsOf(queries: Tensor): Promise<Float32Array[]> {
  const executor = onnxExecutor({ models: [lenet5] })
  await executor.start()
  const [{ id }] = executor.models
  const { outputs } = await executor.run({ model: id, inputs: { image: queries.clone() }, outputs: ['logits'] })
  await executor.stop()
  return rowsOf(outputs.logits)
}

function rowsOf(tensor: Tensor): Float32Array[] {
  return Array.from({ length: tensor.shape[0] }, (_, i) => Float32Array.from(tensor.row(i).data, Number))
}
