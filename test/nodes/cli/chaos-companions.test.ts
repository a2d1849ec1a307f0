import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readCompanions } from '../../../nodes/cli/chaos-companions.ts'
import { ScenarioError, type ScenarioPlan } from '../../../src/simulation/index.ts'

const digits = fileURLToPath(new URL('../../../scripts/models/digits/', import.meta.url))
const both = ['parity-k2.onnx', 'parity-k2-2.onnx']

function plan(n: number, parity: ScenarioPlan['parity']): ScenarioPlan {
  return { code: 'parm', k: 2, n, parity }
}

describe('the companions of a plan', () => {
  it('are two parity models where the plan names both, beside one profile', async () => {
    const asked = plan(4, { profile: 'parity-k2-r2.json', models: both })
    const served = (await readCompanions([asked], digits)).get(asked)?.served
    assert.deepEqual(
      served?.map(({ path }) => path),
      both.map(name => path.join(digits, name))
    )
  })

  it('are refused where the plan names others than the profile is of, or is of another size', async () => {
    const wrong = [
      plan(4, { profile: 'parity-k2-r2.json' }),
      plan(3, { profile: 'parity-k2.json', models: both }),
      plan(3, { profile: 'parity-k2-r2.json', models: both })
    ]
    for (const asked of wrong) await assert.rejects(readCompanions([asked], digits), ScenarioError)
  })
})
