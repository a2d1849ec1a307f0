import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { calibratedOutcomes, copiedOutcomes } from '../../src/advisor/outcome.ts'
import { stragglersAmong } from '../../src/advisor/stragglers.ts'
import { Placing } from '../../src/fleet/index.ts'
import { close, subsets } from './counting.ts'
import { calibrated } from './profiles.ts'

describe('what becomes of a group of copies', () => {
  for (const { k, n, workers } of [
    { k: 4, n: 4, workers: 4 },
    { k: 4, n: 10, workers: 10 },
    { k: 3, n: 9, workers: 9 },
    { k: 5, n: 5, workers: 3 },
    { k: 4, n: 8, workers: 3 },
    { k: 4, n: 12, workers: 6 }
  ]) {
    it(`counts as one does by hand, (k, n) = (${k}, ${n}) at ${workers} workers`, () => {
      const at = placed(k, n, workers)
      const outcomesOf = copiedOutcomes({ k, n }, workers)
      for (let straggling = 0; straggling <= workers; straggling++) {
        const sets = subsets(workers, straggling)
        const lost = sets.map(dead => at.filter(holders => holders.every(worker => dead.includes(worker))).length)
        const [{ outcome }] = outcomesOf(straggling)
        close(outcome.lost, lost.reduce((sum, each) => sum + each, 0) / sets.length / k, `lost of ${straggling}`)
        close(outcome.exact + outcome.lost, 1, 'a copy is never reconstructed')
        const complete = lost.filter(each => each === 0).length / sets.length
        const most = n <= workers ? complete : Math.min(complete, outcome.complete)
        close(outcome.complete, most, `complete of ${straggling}, or less where queries share workers`)
      }
    })
  }

  it('stays in the range of floats for a large fleet', () => {
    const outcomesOf = copiedOutcomes({ k: 100, n: 1000 }, 1000)
    const [{ outcome }] = outcomesOf(500)
    assert.ok(outcome.complete > 0.9 && outcome.complete < 1 - 90 * 2 ** -10, `${outcome.complete}`)
  })
})

describe('what becomes of a group of a calibrated code', () => {
  it('is what was measured with so many survivors', () => {
    const plan = calibrated({ k: 2, n: 5 })
    const outcomesOf = calibratedOutcomes(plan, 5)
    for (let straggling = 0; straggling < 5; straggling++) {
      const [{ probability, outcome }, ...others] = outcomesOf(straggling)
      assert.equal(others.length, 0)
      close(probability, 1, 'one case')
      assert.equal(outcome.reconstructed?.agreement, plan.expected[5 - straggling - 1].agreement)
    }
    assert.deepEqual(outcomesOf(5), [{ probability: 1, outcome: { exact: 0, lost: 1, complete: 0 } }])
  })

  it('loses all coded queries of a worker at once where there are fewer workers', () => {
    const plan = calibrated({ k: 2, n: 7 })
    const loads = [3, 2, 2]
    const outcomesOf = calibratedOutcomes(plan, 3)
    for (let straggling = 0; straggling <= 3; straggling++) {
      const sets = subsets(3, straggling)
      const left = sets.map(dead => 7 - dead.reduce((sum, worker) => sum + loads[worker], 0))
      const mean =
        left.reduce((sum, survivors) => sum + (plan.expected[survivors - 1]?.agreement ?? 0), 0) / sets.length
      const cases = outcomesOf(straggling)
      const told = cases.reduce(
        (sum, { probability, outcome }) => sum + probability * (outcome.reconstructed?.agreement ?? 0),
        0
      )
      close(told, mean, `${straggling} of 3`)
    }
  })
})

describe('how many workers of a group straggle', () => {
  it('is a distribution, of the right mean', () => {
    for (const stragglers of [{ share: 0.3 }, { share: 0 }, { share: 1 }, { count: 7 }, { count: 0 }, { count: 20 }]) {
      const chances = stragglersAmong(12, { workers: 20, stragglers })
      close(
        chances.reduce((sum, chance) => sum + chance, 0),
        1,
        'sum'
      )
      const share = stragglers.share ?? stragglers.count / 20
      close(
        chances.reduce((sum, chance, d) => sum + d * chance, 0),
        12 * share,
        'mean'
      )
    }
  })

  it('is no more than there are, and no fewer than have no other place', () => {
    const chances = stragglersAmong(12, { workers: 20, stragglers: { count: 10 } })
    assert.deepEqual(
      chances.map(chance => chance > 0),
      Array.from({ length: 13 }, (_, d) => d >= 2 && d <= 10)
    )
  })
})

/** The workers that hold a copy of each query, as the master places them. */
function placed(k: number, n: number, workers: number): number[][] {
  const ranked = Array.from({ length: workers }, (_, worker) => String(worker))
  const holders: number[][] = Array.from({ length: k }, () => [])
  const placing = new Placing()
  for (let index = 0; index < n; index++) {
    holders[index % k].push(Number(placing.next(ranked, [index % k])))
  }
  return holders
}
