import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PROMPT_BYTES_PER_TURN, TURN_MS } from '../../../protocols/infer/constants.ts'
import { Pace } from '../../../protocols/infer/pace.ts'

/** On a clock that goes on when something is done: what was done in each turn of the event loop. */
async function turnsOf(ask: (pace: Pace, work: (what: string, ms: number) => void) => void): Promise<string[][]> {
  let clock = 0
  let done: string[] = []
  ask(new Pace(() => clock), (what, ms) => {
    done.push(what)
    clock += ms
  })
  const turns: string[][] = []
  do {
    done = []
    turns.push(done)
    await nextTurn()
  } while (done.length > 0)
  return turns.slice(0, -1)
}

describe('the turns that streams share', () => {
  it('are ended by the clock, and belong whole to one that is alone', async () => {
    const turns = await turnsOf((pace, work) => {
      let left = 5
      pace.wait(() => {
        work('a', TURN_MS / 2)
        left -= 1
        return left > 0
      })
    })
    assert.deepEqual(turns, [['a', 'a'], ['a', 'a'], ['a']])
  })

  it('go round and round among those that have more to send, first come first served', async () => {
    const turns = await turnsOf((pace, work) => {
      for (const name of ['a', 'b', 'c']) {
        let left = 2
        pace.wait(() => {
          work(name, TURN_MS / 4)
          left -= 1
          return left > 0
        })
      }
    })
    assert.deepEqual(turns, [
      ['a', 'b', 'c', 'a'],
      ['b', 'c']
    ])
  })

  it('see one send at least, however slow the computer', async () => {
    const turns = await turnsOf((pace, work) => {
      for (const name of ['a', 'b']) {
        pace.wait(() => {
          work(name, 10 * TURN_MS)
          return false
        })
      }
    })
    assert.deepEqual(turns, [['a'], ['b']])
  })

  it('go to what takes one whole, and no other in it', async () => {
    const turns = await turnsOf((pace, work) => {
      for (const name of ['pack a', 'pack b']) {
        void pace.wholeTurn().then(() => work(name, 1))
      }
      pace.wait(() => {
        work('send c', 1)
        return false
      })
    })
    assert.deepEqual(turns, [['pack a'], ['pack b'], ['send c']])
  })

  it('let small frames by until they have sent what a turn has, and again after the next', async () => {
    const pace = new Pace(() => 0)
    assert.ok(pace.take(PROMPT_BYTES_PER_TURN))
    assert.equal(pace.take(1), false)
    await pace.wholeTurn()
    assert.ok(pace.take(1))
  })
})
