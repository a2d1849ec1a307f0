/** A process that stops the executor while the model of `argv[2]` runs, and must then end by itself. */
import { setTimeout } from 'node:timers/promises'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const executor = onnxExecutor({ models: [{ name: 'slow', path: process.argv[2] }] })
await executor.start()
const run = () =>
  executor.run({ model: executor.models[0].id, inputs: { x: Tensor.float32([3], [1, 1]) }, outputs: ['y'] })

const { runMs } = await run()
let ended = false
const running = run().finally(() => {
  ended = true
})
// Aims at the middle of the run, where a careless stop would abort the process; what is checked holds at any moment.
await setTimeout(runMs / 2)
await executor.stop()
console.log(ended ? 'stopped after the run' : 'stopped before the run')
const { outputs } = await running
console.log(`y = ${outputs.y.data[0]}`)
