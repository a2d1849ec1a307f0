/** `npm run fuzz -- --seed S --cases N`: mutated frames through the decoder; prints what became of them, and memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Command, InvalidArgumentError } from 'commander'
import { fuzz } from './fuzz.ts'

const program = new Command('fuzz')
  .description('Feeds mutated frames of /splinemesh/infer to its decoder.')
  .option('--seed <n>', 'the same seed gives the same cases', whole, 1)
  .option('--cases <n>', 'how many', whole, 1_000_000)
  .parse()
const { seed, cases } = program.opts<{ seed: number; cases: number }>()

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
// the compiler and the caches of the first cases are no growth
fuzz(seed + 1, Math.ceil(cases / 10))
const before = memory()
const began = performance.now()
const { passedHeader, refused, bytes } = fuzz(seed, cases)
const seconds = (performance.now() - began) / 1000
const after = memory()

const share = (count: number): string => `${((100 * count) / cases).toFixed(1)} %`
console.log(`seed ${seed}: ${cases} cases, ${(bytes / 1e6).toFixed(1)} MB, ${seconds.toFixed(1)} s`)
console.log(`passed header validation: ${passedHeader} (${share(passedHeader)})`)
console.log(`refused by WireError: ${refused} (${share(refused)}); any other error would have ended this`)
console.log(
  `growth after a collection: heap ${after.heap - before.heap} bytes, array buffers ${after.buffers - before.buffers}`
)

function memory(): { heap: number; buffers: number } {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { heap: heapUsed, buffers: arrayBuffers }
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  }
  return value
}
