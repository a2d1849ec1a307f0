import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PIECE_BYTES, PIECES_PER_TURN } from '../../../protocols/infer/constants.ts'
import { Pace } from '../../../protocols/infer/pace.ts'

/** What each of those that wait was given, in a list for each turn of the event loop. */
async function turnsOf(ask: (pace: Pace, given: (what: string) => void) => void): Promise<string[][]> {
  const pace = new Pace()
  let now: string[] = []
  ask(pace, what => now.push(what))
  const turns: string[][] = []
  do {
    now = []
    turns.push(now)
    await nextTurn()
  } while (now.length > 0)
  return turns.slice(0, -1)
}

describe('the turns that streams share', () => {
  it('are given whole to one that is alone', async () => {
    const turns = await turnsOf((pace, given) => {
      void pace.turn(100).then(pieces => given(`a ${pieces}`))
    })
    assert.deepEqual(turns, [[`a ${PIECES_PER_TURN}`]])
  })

  it('are shared evenly, first come first served, a piece at least', async () => {
    const names = Array.from({ length: PIECES_PER_TURN + 1 }, (_, i) => `${i}`)
    const turns = await turnsOf((pace, given) => {
      for (const name of names) {
        void pace.turn(9).then(pieces => given(`${name}: ${pieces}`))
      }
    })
    assert.deepEqual(turns, [names.slice(0, -1).map(name => `${name}: 1`), [`${PIECES_PER_TURN}: ${PIECES_PER_TURN}`]])
  })

  it('go to what takes one whole, and no other in it', async () => {
    const turns = await turnsOf((pace, given) => {
      for (const name of ['pack a', 'pack b']) {
        void pace.wholeTurn().then(() => given(name))
      }
      void pace.turn(1).then(() => given('send c'))
    })
    assert.deepEqual(turns, [['pack a'], ['pack b'], ['send c']])
  })

  it('let small frames by until they have sent what a turn has', () => {
    const pace = new Pace()
    assert.ok(pace.take(PIECES_PER_TURN * PIECE_BYTES))
    assert.equal(pace.take(1), false)
  })
})
