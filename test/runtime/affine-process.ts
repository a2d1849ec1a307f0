/**
 * An executor in another process, for the tests: the models of `fixture-models.ts` over the protocol of `docs/protocols/executor.md`, on
 * two slots. `argv[2]` names a fault.
 */
import { spawn } from 'node:child_process'
import { headersOf } from '../../src/models/check-tensors.ts'
import { contentId } from '../../src/models/model.ts'
import { bodyBytes, bodyParts, tensorsOf } from '../../src/models/tensor-body.ts'
import { frameParts, readFrames } from '../../src/runtime/process-frames.ts'
import type { RunMessage, StartMessage } from '../../src/runtime/process-messages.ts'
import { affineFunction, twoInputsFunction } from './fixture-models.ts'

const fault = process.argv[2]
const models = [affineFunction, twoInputsFunction].map(model => ({ ...model, id: contentId(Buffer.from(model.name)) }))

function say(message: object, body?: Uint8Array[]): void {
  process.stdout.write(Buffer.concat(frameParts(message, body)))
}

async function run({ id, model, inputs, outputs: wanted }: RunMessage, body: Uint8Array): Promise<void> {
  switch (fault) {
    case 'crash':
      console.error('out of memory')
      process.exit(7)
      break
    case 'garbage':
      console.log('loss: 0.25')
      return
    case 'hang':
      return
    case 'stranger':
      return say({ type: 'failed', id: id + 1, message: 'not yours' })
    case 'short body':
      return say({ type: 'result', id, runMs: 1, outputs: [{ name: wanted[0], dtype: 'float32', shape: [1, 4] }] })
    case 'wrong field':
      return say({ type: 'result', id, runMs: -1, outputs: [] })
    case 'wrong shape':
      return say({ type: 'result', id, runMs: 1, outputs: [{ name: wanted[0], dtype: 'float32', shape: [2] }] }, [
        new Uint8Array(8)
      ])
    case 'failing':
      return say({ type: 'failed', id, message: 'out of ink' })
  }
  const given = await models.find(each => each.id === model)?.run(tensorsOf(inputs, body))
  const outputs = Object.fromEntries(Object.entries(given ?? {}).filter(([name]) => wanted.includes(name)))
  say({ type: 'result', id, runMs: 0.1, outputs: headersOf(outputs) }, bodyParts(Object.values(outputs)))
}

function start(message: StartMessage): void {
  switch (fault) {
    case 'refuse':
      say({ type: 'failed', message: 'no such provider' })
      return
    case 'never ready':
      return
    case 'crash at start':
      console.error('no module named onnxruntime')
      process.exit(1)
      break
    case 'child':
      // It holds the pipes of this process open, as a stray one would.
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).unref()
  }
  const own = models.map(({ id, name, signature }) => ({ id, name, ...signature }))
  say({ type: 'ready', version: 1, slots: 2, models: message.models.length === 0 ? own : [] })
}

function read(json: unknown) {
  const message = json as StartMessage | RunMessage
  return { message, bodyBytes: message.type === 'run' ? bodyBytes(message.inputs) : 0 }
}

for await (const { message, body } of readFrames(process.stdin, read)) {
  if (message.type === 'start') {
    start(message)
  } else {
    void run(message, body)
  }
}
if (fault === 'deaf') {
  setInterval(() => {}, 1000)
}
