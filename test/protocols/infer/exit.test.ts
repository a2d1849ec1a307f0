import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

describe('a process with a master and a worker', () => {
  it('ends by itself once both have stopped with requests in flight', { timeout: 30_000 }, async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('exit-child.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const stopped = Promise.withResolvers<number>()
    child.stdout.once('data', () => stopped.resolve(performance.now()))
    const exited = once(child, 'exit')
    try {
      const since = await Promise.race([stopped.promise, exited.then(([code]) => assert.fail(`it ended with ${code}`))])
      const [code] = await exited
      assert.equal(code, 0)
      const took = performance.now() - since
      assert.ok(took < 3_000, `it took ${took} ms to end, something of it was left running`)
    } finally {
      child.kill('SIGKILL')
    }
  })
})
