/** What a model says of queries: `.npy` to `.npy`, for trainings that learn its answers and for the check of their exports. */
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { formatNpy, parseNpy, stack, type Tensor } from '../../src/tensor/index.ts'

const ROWS_AT_ONCE = 500

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    input: { type: 'string' },
    output: { type: 'string' },
    out: { type: 'string' }
  }
})
const { model: path = '', input = '', output = '', out = '' } = values
const queries = parseNpy(await readFile(input))
const executor = onnxExecutor({ models: [{ name: 'model', path }] })
await executor.start()
const [model] = executor.models
const answers: Tensor[] = []
for (let from = 0; from < queries.shape[0]; from += ROWS_AT_ONCE) {
  // A copy: the executor hands memory that is its own over to a thread.
  const rows = queries.rows(from, Math.min(from + ROWS_AT_ONCE, queries.shape[0])).clone()
  const inputs = { [model.signature.inputs[0].name]: rows }
  const answer = (await executor.run({ model: model.id, inputs, outputs: [output] })).outputs[output]
  for (let i = 0; i < answer.shape[0]; i++) answers.push(answer.row(i))
}
await executor.stop()
await writeFile(out, formatNpy(stack(answers)))
