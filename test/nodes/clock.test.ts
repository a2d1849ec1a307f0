import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { systemClock } from '../../nodes/clock.ts'

describe('the clock of a peer', () => {
  it('lets I/O have its turn between timers that are due, however many there are', async () => {
    let reading = true
    let fired = 0
    const again = (): void => {
      fired++
      if (reading) {
        systemClock.setTimer(systemClock.now(), again)
      }
    }
    again()
    await readFile(new URL(import.meta.url))
    reading = false
    assert.ok(fired > 1, 'timers went on while the file was read')
  })

  it('fires a timer that is due, and never one that was disarmed', async () => {
    const fired: string[] = []
    const { setTimer, now } = systemClock
    setTimer(now(), () => fired.push('disarmed, due'))()
    setTimer(now() + 1, () => fired.push('disarmed, later'))()
    setTimer(now(), () => fired.push('due'))
    await new Promise<void>(resolve => setTimer(now() + 20, resolve))
    assert.deepEqual(fired, ['due'])
  })
})
