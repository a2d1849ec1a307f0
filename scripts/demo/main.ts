/** `npm run demo`: says at once what is to come, for libp2p and ONNX Runtime take seconds to load, and then does it. */
import { enableCompileCache } from 'node:module'
import { parseOptions } from './options.ts'
import { COMPILE_CACHE, DEADLINE_MS, JITTER_MS, K, SERVICE_MS, SLOW_MS } from './settings.ts'

enableCompileCache(COMPILE_CACHE)
const options = parseOptions(process.argv.slice(2))
console.error(
  `splinemesh demo: ${options.workers} workers and a master on loopback, ${options.groups} groups of ${K} digits for each of six plans;\n` +
    `a task takes ${SERVICE_MS} ± ${JITTER_MS} ms, ${options.slow} slow workers a group ${SLOW_MS} ms, ` +
    `deadline ${DEADLINE_MS} ms, seed ${options.seed}`
)
const { demo } = await import('./demo.ts')
await demo(options)
