import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type SparesInit, spares } from '../../src/advisor/index.ts'
import { subsets } from './counting.ts'

/** What a group is expected to lose, over all sets of stragglers. */
function expectedLoss({ losses, fleet, description }: SparesInit, tasks: ReturnType<typeof spares>): number {
  const sent = [...losses.map((_, query) => ({ role: 'query', queries: [query] })), ...tasks]
  assert.ok('count' in fleet.stragglers)
  const sets = subsets(fleet.workers, fleet.stragglers.count)
  const total = losses.reduce((sum, loss) => sum + loss, 0)
  const lost = sets.flatMap(stragglers => {
    const arrived = sent.filter((_, i) => !stragglers.includes(i))
    return losses.map((loss, query) => {
      const roles = arrived.filter(({ queries }) => queries.includes(query)).map(({ role }) => role)
      if (roles.includes('query')) return 0
      const described = Math.min(1, ((description?.loss ?? 1) * losses.length) / total)
      return roles.includes('description') ? loss * described : loss
    })
  })
  return lost.reduce((sum, each) => sum + each, 0) / sets.length
}

/** All ways to send `count` copies. */
function* allCopies(k: number, count: number, from = 0): Generator<number[]> {
  if (count === 0) yield []
  else for (let q = from; q < k; q++) for (const rest of allCopies(k, count - 1, q)) yield [q, ...rest]
}

describe('spare workers', () => {
  it('copy every query in turn where all lose the same: plain replication', () => {
    const fleet = { workers: 11, stragglers: { count: 3 } }
    const copied = spares({ losses: [0.4, 0.4, 0.4, 0.4], count: 7, fleet }).map(({ queries }) => queries[0])
    assert.deepEqual(copied, [0, 1, 2, 3, 0, 1, 2])
  })

  it('copy every query in turn where no straggler can take so many copies as there are', () => {
    const fleet = { workers: 9, stragglers: { count: 1 } }
    const copied = spares({ losses: [0.1, 0.9, 0.5], count: 6, fleet }).map(({ queries }) => queries[0])
    assert.deepEqual(copied, [1, 2, 0, 0, 1, 2])
  })

  it('copy what the student is least sure of, as well as any choice of copies', () => {
    const losses = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 3 })
    fc.assert(
      fc.property(losses, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (each, count, stragglers) => {
        const init = { losses: each, count, fleet: { workers: each.length + count, stragglers: { count: stragglers } } }
        fc.pre(stragglers < init.fleet.workers)
        const chosen = expectedLoss(init, spares(init))
        for (const copies of allCopies(each.length, count)) {
          const other = expectedLoss(
            init,
            copies.map(query => ({ role: 'query', queries: [query] }))
          )
          assert.ok(chosen <= other + 1e-9, `${chosen} is lost, and ${other} with copies of ${copies}`)
        }
      }),
      { numRuns: 60 }
    )
  })

  it('describe several unsure queries at once where that saves more than a copy of one', () => {
    const init = {
      losses: [0.6, 0.02, 0.5, 0.55, 0.01],
      count: 2,
      fleet: { workers: 7, stragglers: { count: 4 } },
      description: { loss: 0.1, together: 3 }
    }
    const tasks = spares(init)
    assert.deepEqual(tasks[0], { role: 'description', queries: [0, 3, 2] })
    const withoutDescription = spares({ ...init, description: undefined })
    assert.ok(expectedLoss(init, tasks) < expectedLoss(init, withoutDescription))
  })

  it('never ask for a description that loses more than the student', () => {
    const description = { loss: 0.3, together: 2 }
    const fleet = { workers: 5, stragglers: { share: 0.5 } }
    const roles = spares({ losses: [0.3, 0.2], count: 3, fleet, description }).map(({ role }) => role)
    assert.deepEqual(roles, ['query', 'query', 'query'])
  })
})
