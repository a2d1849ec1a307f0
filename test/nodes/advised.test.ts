import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { advised } from '../../nodes/advised.ts'
import { InvalidOptionError, ProfileMismatchError } from '../../nodes/index.ts'
import type { Model } from '../../src/models/index.ts'
import { calibrated, profileOf } from '../advisor/profiles.ts'

const profile = profileOf(calibrated({ k: 4, n: 12 }))
const model: Model = {
  id: profile.model,
  name: 'some',
  signature: {
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, 100] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: [null, 10] }]
  }
}

describe("the plan of code 'auto'", () => {
  const chosen = (stragglers: number | undefined, late?: number) =>
    advised({ model: 'some', profile, stragglers }, model, { workers: 12, late: () => late })

  it('is made for the stragglers that the caller says, whatever was measured', () => {
    assert.match(chosen(0.2, 0.9).advice.reason, /at 12 workers and 20% stragglers/)
    assert.match(chosen(3, 0.9).advice.reason, /at 12 workers and 3 stragglers/)
  })

  it('is made for the share of answers that were late so far, where the caller says nothing', () => {
    assert.match(chosen(undefined, 0.35).advice.reason, /at 12 workers and 35% stragglers/)
    assert.equal(chosen(undefined, 0).options.code.name, 'uncoded', 'nobody was ever late')
  })

  it('is made for one late answer in ten where nothing was measured', () => {
    assert.match(chosen(undefined).advice.reason, /at 12 workers and 10% stragglers/)
    assert.equal(chosen(undefined).options.code.name, 'replication')
  })

  it('is that of parity models where they are worth most: their code, k, n and output', () => {
    const parities = [{ model: 'f'.repeat(64), output: 'softmax' }]
    const missing = [{ error: 0.1, agreement: { mean: 0.99, byLead: { from: [0], to: [0.99] } } }]
    const parity = {
      version: 1,
      model: profile.model,
      output: 'softmax',
      k: 4,
      parities,
      missing,
      groups: 9999
    } as const
    const { options } = advised({ model: 'some', profile, parity: { ...parity }, stragglers: 1 }, model, { workers: 5 })
    const { code, k, n, output, stragglers } = options
    assert.deepEqual(
      { code, k, n, output, stragglers },
      { code: { name: 'parm' }, k: 4, n: 5, output: 'softmax', stragglers: 1 }
    )
    const other = { ...parity, model: 'a'.repeat(64) }
    assert.throws(() => advised({ model: 'some', profile, parity: other }, model, { workers: 5 }), ProfileMismatchError)
    const few = advised({ model: 'some', profile, parity: { ...parity }, stragglers: 1 }, model, { workers: 4 })
    assert.equal(few.options.parity, undefined, 'four workers have no room for them')
  })

  it('counts on exits as far as the times of answers say that stragglers get', () => {
    const exit = {
      output: 'exit1',
      at: 0.5,
      confidence: { scale: 1, agreement: { from: [0], to: [0.9] }, error: { from: [0], to: [1] } },
      agreements: [0.9],
      error: 1
    }
    const exits = { version: 1 as const, model: profile.model, output: 'logits', exits: [exit], queries: 9999 }
    const asked = { model: 'some', profile, exits, n: 4 }
    const at = (late: (deadlines: number) => number | undefined) => advised(asked, model, { workers: 12, late })
    // A fifth is late, a twentieth has not done half of its work by then: three in four of those who are late say something.
    const { options, advice } = at(deadlines => (deadlines < 2 ? 0.2 : 0.05))
    assert.deepEqual([advice.recommended.exits, options.exits, options.code.name], [true, exits, 'replication'])
    const { overall = 0 } = advice.recommended.agreement ?? {}
    assert.ok(Math.abs(overall - (0.8 + 0.2 * (0.75 * 0.9 + 0.25 * 0.1))) < 1e-9, `it expects ${overall}`)
    for (const late of [() => undefined, () => 0.2, () => 0]) {
      assert.equal(at(late).advice.recommended.exits, undefined, 'nobody is known to get as far')
    }
    const other = { ...exits, model: 'a'.repeat(64) }
    assert.throws(() => advised({ ...asked, exits: other }, model, { workers: 12 }), ProfileMismatchError)
  })

  it('needs plans to compare', () => {
    const alone = () => advised({ model: 'some' }, model, { workers: 12 })
    assert.throws(alone, InvalidOptionError)
  })
})
