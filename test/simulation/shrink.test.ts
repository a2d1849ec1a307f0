import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RunRecord, randomScenario, type Scenario, shrink, simulate } from '../../src/simulation/index.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'

const SEEDS = 100

describe('a master with a bug in it', () => {
  for (const [bug, { invariant, master }] of Object.entries(PLANTED_BUGS)) {
    it(`is caught with ${bug}, in a scenario of at most three faults in the end`, async () => {
      const run = (scenario: Scenario): Promise<RunRecord> => simulate(scenario, scenario.plans[0], { master })
      const scenario = await firstBroken(run)
      const shrunk = await shrink(scenario, invariant, run)

      const { violations, queries } = await run(shrunk.scenario)
      // A bug may break another one first: what is kept for too long also outlives its query.
      assert.ok(
        violations.some(violation => violation.invariant === invariant),
        JSON.stringify(violations)
      )
      assert.ok((shrunk.scenario.faults ?? []).length <= 3, JSON.stringify(shrunk.scenario.faults))
      assert.ok(queries.length < (await run(scenario)).queries.length, 'less is asked than at first')
      const sound = await simulate(shrunk.scenario, shrunk.scenario.plans[0])
      assert.deepEqual(sound.violations, [], 'without the bug nothing breaks')
    })

    async function firstBroken(run: (scenario: Scenario) => Promise<RunRecord>): Promise<Scenario> {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const scenario = randomScenario(seed)
        const { violations } = await run(scenario)
        if (violations.some(violation => violation.invariant === invariant)) {
          return scenario
        }
      }
      throw new Error(`no random scenario of ${SEEDS} broke '${invariant}'`)
    }
  }
})
