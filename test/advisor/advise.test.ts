import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AdvisedPlan, advise, InvalidFleetError, NoAdviceError, spares } from '../../src/advisor/index.ts'
import { close, subsets, typicalGroup } from './counting.ts'
import { calibrated, profileOf } from './profiles.ts'

const four = { k: 4, n: 12 }

function planNamed(plans: readonly AdvisedPlan[], name: string, n: number): AdvisedPlan {
  const plan = plans.find(({ code }) => code.name === name && code.n === n)
  assert.ok(plan !== undefined, `no ${name} with n ${n}`)
  return plan
}

describe('advise', () => {
  const good = profileOf(calibrated(four, survivors => (survivors >= 6 ? 0.999 : 0.2)))
  const bad = profileOf(calibrated(four, survivors => 0.5 + survivors / 40))

  it('compares uncoded, replication with every N up to the workers, and what was calibrated, best first', () => {
    const { plans } = advise({ profile: bad, fleet: { workers: 12, stragglers: { share: 0.2 } } })
    const sizes = plans.map(({ code }) => `${code.name} ${code.n}`).sort()
    const copies = Array.from({ length: 8 }, (_, i) => `replication ${5 + i}`)
    assert.deepEqual(sizes, [...copies, 'uncoded 4', 'nercc 12'].sort())
    const agreed = plans.map(({ agreement }) => agreement?.overall ?? 0)
    assert.deepEqual(
      agreed,
      agreed.toSorted((a, b) => b - a)
    )
  })

  it('gives copies what by hand they give: a lost query is worth a guess', () => {
    const { plans } = advise({ profile: bad, fleet: { workers: 12, stragglers: { share: 0.2 } } })
    const lost = 0.2 ** 3
    const { agreement, accuracy, mse, exact, complete, overhead } = planNamed(plans, 'replication', 12)
    close(exact, 1 - lost, 'exact')
    close(complete, (1 - lost) ** 4, 'complete')
    close(agreement?.overall ?? 0, 1 - lost + lost / 10, 'agreement')
    close(agreement?.degraded ?? 0, 0.1, 'degraded agreement')
    close(accuracy?.overall ?? 0, 0.95 * (1 - lost) + lost / 10, 'accuracy')
    close(mse.overall, 10 * lost, 'squared error')
    assert.equal(overhead, 3)
  })

  it('gives a calibrated code what was measured with as many survivors as the master waits for', () => {
    const { plans } = advise({ profile: bad, fleet: { workers: 12, stragglers: { count: 3 } } })
    const { agreement, mse, complete, stragglers } = planNamed(plans, 'nercc', 12)
    assert.equal(stragglers, 3)
    close(agreement?.overall ?? 0, 0.5 + 9 / 40, 'agreement')
    close(agreement?.degraded ?? 0, 0.5 + 9 / 40, 'nothing is exact')
    close(mse.overall, 10 * (0.5 - 9 / 40), 'squared error')
    close(complete, 1, 'complete')
  })

  it('expects no more results than the master waits for', () => {
    const { plans } = advise({ profile: bad, fleet: { workers: 12, stragglers: { share: 0.25 } } })
    const agreement = planNamed(plans, 'nercc', 12).agreement?.overall ?? 0
    assert.ok(agreement < 0.5 + 9 / 40, 'more than 3 straggle now and then, and with fewer it stops at 9 results')
  })

  it('recommends replication where it wins, and says what it beats', () => {
    const advice = advise({ profile: bad, fleet: { workers: 12, stragglers: { share: 0.2 } } })
    assert.equal(advice.recommended, planNamed(advice.plans, 'replication', 12))
    assert.match(
      advice.reason,
      /^replication \(k 4, n 12\): at 12 workers and 20% stragglers it gives 99\.3% of the model's own answers; the next best, nercc \(k 4, n 12\), 73\.1%$/
    )
  })

  it('recommends a code where it wins, with its profile', () => {
    const { recommended } = advise({ profile: good, fleet: { workers: 12, stragglers: { count: 6 } } })
    assert.equal(recommended.code.name, 'nercc')
    assert.equal(recommended.calibrated, good.plans[0])
  })

  it('does not leave exact copies for what a few groups cannot tell', () => {
    const fleet = { workers: 12, stragglers: { share: 0.25 } }
    const close = profileOf(calibrated(four, () => 0.995))
    const doubted = { ...close, calibration: { ...close.calibration, heldBack: 4 } }
    assert.equal(advise({ profile: close, fleet }).recommended.code.name, 'nercc')
    const { recommended, plans } = advise({ profile: doubted, fleet })
    assert.equal(recommended.code.name, 'replication')
    assert.ok(planNamed(plans, 'nercc', 12).standardError > 0.01, 'of 16 queries')
  })

  it('takes the fewest runs among plans that are equally good', () => {
    const { recommended, reason } = advise({ profile: good, fleet: { workers: 12, stragglers: { count: 0 } } })
    assert.deepEqual(recommended.code, { name: 'uncoded', k: 4, n: 4 })
    assert.match(reason, /the next best, nercc \(k 4, n 12\), 99\.9%, for 3 times the runs$/)
  })

  it('never recommends what loses more than a quarter of a point to any other plan', () => {
    for (let count = 0; count <= 12; count++) {
      const { plans, recommended } = advise({ profile: good, fleet: { workers: 12, stragglers: { count } } })
      const best = Math.max(...plans.map(({ agreement }) => agreement?.overall ?? 0))
      assert.ok((recommended.agreement?.overall ?? 0) >= best - 0.0025, `${count} stragglers`)
    }
  })

  it('knows that coded queries on one worker fail together', () => {
    const threshold = profileOf(calibrated(four, survivors => (survivors >= 9 ? 1 : 0)))
    const at = (workers: number) =>
      planNamed(advise({ profile: threshold, fleet: { workers, stragglers: { share: 0.25 } } }).plans, 'nercc', 12)
    // Of 4 workers with 3 coded queries each, one may straggle; where all do, one guesses.
    close(at(4).agreement?.overall ?? 0, 0.75 ** 4 + 4 * 0.25 * 0.75 ** 3 + 0.25 ** 4 / 10, 'at 4 workers')
    assert.ok((at(12).agreement?.overall ?? 0) < (at(4).agreement?.overall ?? 0))
  })

  it('compares only plans of the k and n that are given', () => {
    const both = profileOf(calibrated(four), calibrated({ k: 2, n: 6 }))
    const fleet = { workers: 12, stragglers: { share: 0.2 } }
    const { plans } = advise({ profile: both, fleet, k: 4, n: 12 })
    assert.deepEqual(plans.map(({ code }) => `${code.name} ${code.k} ${code.n}`).sort(), [
      'nercc 4 12',
      'replication 4 12'
    ])
    assert.throws(() => advise({ profile: both, fleet, k: 4, n: 3 }), NoAdviceError)
  })

  it('ranks by squared error where there are no classes', () => {
    const profile = { ...profileOf(calibrated(four, () => 0.9)), outputs: 'values' as const }
    const { plans, recommended, reason } = advise({ profile, fleet: { workers: 12, stragglers: { count: 8 } } })
    assert.equal(recommended.code.name, 'nercc')
    assert.deepEqual(
      plans.map(({ mse }) => mse.overall),
      plans.map(({ mse }) => mse.overall).toSorted((a, b) => a - b)
    )
    assert.equal(plans[0].agreement, undefined)
    assert.match(reason, /it gives predictions with a squared error of 1\.00; the next best, replication/)
  })

  it('refuses fleets that cannot be', () => {
    for (const fleet of [
      { workers: 0, stragglers: { share: 0 } },
      { workers: 2.5, stragglers: { share: 0 } },
      { workers: 4, stragglers: { share: 1.5 } },
      { workers: 4, stragglers: { count: 5 } }
    ]) {
      assert.throws(() => advise({ profile: good, fleet }), InvalidFleetError, JSON.stringify(fleet))
    }
  })

  describe('with a student', () => {
    const fleet = { workers: 12, stragglers: { count: 4 } }
    const sure = { agreements: [0.5, 0.8, 0.95, 0.99], error: 2, cost: 0.05, queries: 10_000 }

    it('expects what the copies, placed where it is least sure, and its answers give over all sets of stragglers', () => {
      const { plans } = advise({ profile: bad, fleet: { workers: 7, stragglers: { count: 3 } }, student: sure, n: 7 })
      const plan = plans.find(({ student }) => student)
      assert.ok(plan)
      const losses = typicalGroup(sure.agreements, 4).map(each => 1 - each)
      const further = spares({ losses, count: 3, fleet: { workers: 7, stragglers: { count: 3 } } })
      const holds = [0, 1, 2, 3, ...further.flatMap(({ queries }) => queries)]
      const sets = subsets(7, 3)
      const lost = sets.flatMap(stragglers =>
        losses.map((loss, q) => (holds.every((query, worker) => query !== q || stragglers.includes(worker)) ? loss : 0))
      )
      const agreement = 1 - lost.reduce((sum, loss) => sum + loss, 0) / lost.length
      close(plan.agreement?.overall ?? 0, agreement, 'agreement')
      close(plan.overhead, 7 / 4 + 0.05, 'runs a query')
      assert.equal(plan.complete, 1)
    })

    it('recommends it where it wins, and says so', () => {
      const { recommended, reason } = advise({ profile: bad, fleet, student: sure })
      assert.equal(recommended.student, true)
      assert.match(reason, /^replication beside a student \(k 4, n \d+\): .* the next best, replication \(k 4, n 12\)/)
    })

    it('recommends plain copies where it is of no use', () => {
      const useless = { ...sure, agreements: [0.09, 0.1, 0.1, 0.11], error: 20 }
      const { recommended } = advise({ profile: bad, fleet, student: useless })
      assert.deepEqual([recommended.student, recommended.code], [undefined, { name: 'replication', k: 4, n: 12 }])
    })
  })
})
