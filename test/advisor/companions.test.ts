import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AdvisedPlan, type AdviseInit, advise, spares } from '../../src/advisor/index.ts'
import { close, subsets, typicalGroup } from './counting.ts'
import { calibrated, profileOf } from './profiles.ts'

const profile = profileOf(calibrated({ k: 4, n: 12 }, survivors => 0.5 + survivors / 40))
const student = { agreements: [0.5, 0.8, 0.95, 0.99], error: 2, cost: 0.05, queries: 10_000 }
const description = { agreement: 0.9, error: 1, together: 4, queries: 10_000 }

function planOf(
  init: Omit<AdviseInit, 'profile'>,
  asked: Pick<AdvisedPlan, 'student' | 'description' | 'exits'>
): AdvisedPlan | undefined {
  const { plans } = advise({ profile, ...init })
  const kind = ({ student, description, exits }: typeof asked) => [student, description, exits].map(Boolean).join()
  return plans.find(plan => plan.code.name !== 'nercc' && kind(plan) === kind(asked))
}

/**
 * How often the class is the model's own over all sets of stragglers, each query being answered by the best that arrives; a
 * description loses of each what the student loses, in proportion.
 */
function counted(
  workers: number,
  stragglers: number,
  { said, described }: { said: readonly number[]; described: number }
): { agreement: number; lost: number } {
  const fleet = { workers, stragglers: { count: stragglers } }
  const losses = said.map(each => 1 - each)
  const share = ((1 - described) * said.length) / losses.reduce((sum, loss) => sum + loss, 0)
  const of = { loss: 1 - described, together: description.together }
  const asked = spares({ losses, count: workers - said.length, fleet, description: of })
  const holds = [...said.map((_, q) => ({ role: 'query', queries: [q] })), ...asked]
  const each = subsets(workers, stragglers).flatMap(missing => {
    const heard = holds.filter((_, worker) => !missing.includes(worker))
    const has = (role: string, q: number) => heard.some(task => task.role === role && task.queries.includes(q))
    return said.map((own, q) => (has('query', q) ? 1 : has('description', q) ? 1 - share * losses[q] : own))
  })
  return {
    agreement: each.reduce((sum, agrees) => sum + (agrees || 0.1), 0) / each.length,
    lost: each.filter(agrees => agrees === 0).length
  }
}

describe('advice on descriptions', () => {
  const fleet = { workers: 6, stragglers: { count: 2 } }

  it('expects what copies and descriptions give over all sets of stragglers, a lost query being a guess', () => {
    const plan = planOf({ fleet, description, n: 6 }, { description: true })
    const { agreement, lost } = counted(6, 2, { said: [0, 0, 0, 0], described: 0.9 })
    assert.equal(lost, 0, 'two descriptions of all four queries cannot be missing where a query is')
    close(plan?.agreement?.overall ?? 0, agreement, 'agreement')
    close(plan?.overhead ?? 0, 6 / 4, 'runs a query')
  })

  it('counts as lost what neither a copy nor a description is there for', () => {
    const three = { workers: 6, stragglers: { count: 3 } }
    const plan = planOf({ fleet: three, description, n: 6 }, { description: true })
    const { agreement, lost } = counted(6, 3, { said: [0, 0, 0, 0], described: 0.9 })
    assert.ok(lost > 0)
    close(plan?.agreement?.overall ?? 0, agreement, 'agreement')
  })

  it('beside a student takes its answers where those are surer, and loses nothing', () => {
    const plan = planOf({ fleet, description, student, n: 6 }, { description: true, student: true })
    const { agreement } = counted(6, 2, { said: typicalGroup(student.agreements, 4), described: 0.9 })
    close(plan?.agreement?.overall ?? 0, agreement, 'agreement')
    assert.equal(plan?.complete, 1)
    close(plan?.overhead ?? 0, 6 / 4 + 0.05, 'runs a query')
  })

  it('prefers them to a student that agrees more often and is further off where it does not', () => {
    const five = { workers: 5, stragglers: { count: 1 } }
    const asked = { fleet: five, n: 5, student: { ...student, agreements: [0.85, 0.9, 0.95, 0.99], cost: 0 } }
    const paired = { ...description, agreement: 0.88 }
    const chosen = (regrets: { student?: number; description?: number }) => {
      const of = {
        student: { ...asked.student, regret: regrets.student },
        description: { ...paired, regret: regrets.description }
      }
      return advise({ profile, ...asked, ...of })
    }
    assert.equal(chosen({}).recommended.description, undefined, 'what is not known costs as much of either')
    const { plans, recommended, reason } = chosen({ student: 0.07, description: 0.01 })
    assert.equal(recommended.description, true)
    const alone = plans.find(plan => plan.student && !plan.description)
    assert.ok((alone?.agreement?.overall ?? 0) > (recommended.agreement?.overall ?? 1))
    assert.match(reason, /, the others further off/)
  })

  it('says that they are beside the copies', () => {
    const five = { workers: 5, stragglers: { count: 1 } }
    const { recommended, reason } = advise({ profile, fleet: five, n: 5, description })
    assert.equal(recommended.description, true)
    assert.match(reason, /^replication beside descriptions \(k 4, n 5\): .* the next best, replication \(k 4, n 5\)/)
  })

  it('leaves them out where they are of no use, or where there are no classes', () => {
    const useless = { ...description, agreement: 0.1, error: 20 }
    assert.equal(advise({ profile, fleet, description: useless }).recommended.description, undefined)
    const values = { ...profile, outputs: 'values' as const }
    assert.ok(advise({ profile: values, fleet, description }).plans.every(plan => !plan.description))
  })
})

describe('advice on exits', () => {
  const exits = {
    exits: [
      { agreements: [0.6], error: 4, reached: 0.8 },
      { agreements: [0.9], error: 1, reached: 0.3 }
    ],
    queries: 10_000
  }
  const six = { workers: 6, stragglers: { count: 2 } }

  /** How often what the last exit that was got to says is right, with so many copies at stragglers; a guess where there is none. */
  const said = (copies: number) => {
    const [none, notSecond] = [0.2 ** copies, 0.7 ** copies]
    return 0.1 * none + 0.6 * (notSecond - none) + 0.9 * (1 - notSecond)
  }

  it('expects what stragglers say early over all sets of them, each as far as it got by itself', () => {
    const plan = planOf({ fleet: six, exits, n: 6 }, { exits: true })
    // Queries 0 and 1 have a copy more.
    const holders = [[0, 4], [1, 5], [2], [3]]
    const agreed = subsets(6, 2).flatMap(missing =>
      holders.map(workers => (workers.every(worker => missing.includes(worker)) ? said(workers.length) : 1))
    )
    close(plan?.agreement?.overall ?? 0, agreed.reduce((sum, each) => sum + each, 0) / agreed.length, 'agreement')
    close(plan?.overhead ?? 0, 6 / 4, 'runs a query')
  })

  it('believes whichever is surer, the student or what was said early', () => {
    const steady = { ...student, agreements: [0.8] }
    const plan = planOf({ fleet: six, exits, student: steady, n: 4 }, { exits: true, student: true })
    // Four of six are asked, each for one query. Of the 15 pairs of stragglers 6 are among them, 8 half, and 1 is not, where
    // the master stops all the same with one planned straggler to go.
    const missed = (6 * 2 + 8 + 1) / 15 / 4
    close(plan?.agreement?.overall ?? 0, 1 - missed * (1 - (0.3 * 0.9 + 0.7 * 0.8)), 'agreement')
    close(plan?.complete ?? 0, 1, 'no query is lost')
  })

  it('asks fewer copies of workers where they say as much early', () => {
    const sure = { ...exits, exits: [{ agreements: [0.999], error: 0.1, reached: 1 }] }
    const { recommended, reason } = advise({ profile, fleet: six, exits: sure })
    assert.equal(recommended.code.n, 4)
    assert.match(reason, /^replication beside exits \(k 4, n 4\)/)
  })

  it('leaves them out where no straggler gets as far', () => {
    const silent = { ...exits, exits: exits.exits.map(each => ({ ...each, reached: 0 })) }
    assert.ok(advise({ profile, fleet: six, exits: silent }).plans.every(plan => plan.exits === undefined))
  })
})

describe('advice on parity models', () => {
  const parity = {
    k: 4,
    missing: [
      { agreement: 0.9, mse: 1 },
      { agreement: 0.6, mse: 3 }
    ],
    groups: 10_000
  }

  it('expects what is reconstructed with as many parity queries as are missing, over all sets of stragglers', () => {
    const sets = subsets(6, 2)
    const agreed = sets.map(missing => {
      const absent = missing.filter(worker => worker < 4).length
      return (4 - absent + absent * [1, 0.9, 0.6][absent]) / 4
    })
    const { plans } = advise({ profile, fleet: { workers: 6, stragglers: { count: 2 } }, parity })
    const plan = plans.find(({ code }) => code.name === 'parm')
    close(plan?.agreement?.overall ?? 0, agreed.reduce((sum, each) => sum + each, 0) / sets.length, 'agreement')
    close(plan?.complete ?? 0, 1, 'complete')
    assert.deepEqual(plan?.code, { name: 'parm', k: 4, n: 6 })
  })

  it('counts queries as lost where more are missing than parity queries are answered', () => {
    const { plans } = advise({ profile, fleet: { workers: 6, stragglers: { count: 3 } }, parity })
    const plan = plans.find(({ code }) => code.name === 'parm')
    const agreed = subsets(6, 3).map(missing => {
      const absent = missing.filter(worker => worker < 4).length
      return (4 - absent + absent / 10) / 4
    })
    close(plan?.agreement?.overall ?? 0, agreed.reduce((sum, each) => sum + each, 0) / agreed.length, 'agreement')
    close(plan?.complete ?? 1, 0, 'complete')
  })

  it('is for a fleet with a worker for each of its tasks, and for the k and n that are asked for', () => {
    const none = (init: Omit<AdviseInit, 'profile' | 'parity'>) =>
      assert.ok(advise({ profile, parity, ...init }).plans.every(({ code }) => code.name !== 'parm'))
    none({ fleet: { workers: 5, stragglers: { count: 1 } } })
    none({ fleet: { workers: 6, stragglers: { count: 1 } }, k: 2 })
    none({ fleet: { workers: 12, stragglers: { count: 1 } }, n: 12 })
  })

  it('recommends them where they win', () => {
    const good = { ...parity, missing: [{ agreement: 0.99, mse: 0.1 }] }
    const { recommended, reason } = advise({ profile, fleet: { workers: 5, stragglers: { count: 1 } }, parity: good })
    assert.equal(recommended.code.name, 'parm')
    assert.match(reason, /^parm \(k 4, n 5\)/)
  })
})
