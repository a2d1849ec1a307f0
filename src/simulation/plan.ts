import { codeFamily } from '../codes/index.ts'
import type { PlanInit } from '../inference/index.ts'
import type { CompanionsUnderTest } from './companions-under-test.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import type { Scenario, ScenarioPlan } from './scenario.ts'

/** What people call a plan of a scenario. */
export function planName({ name, code, k, n, layout, student, description, exits }: ScenarioPlan): string {
  const made = `${layout === 'systematic' ? 'systematic ' : ''}${code} ${k} → ${n}`
  const beside = [
    ...(student ? ['a student'] : []),
    ...(description ? ['descriptions'] : []),
    ...(exits ? ['exits'] : [])
  ]
  return name ?? (beside.length === 0 ? made : `${made} beside ${beside.join(' and ')}`)
}

/** A plan of a scenario, as the master wants it; `companions` are those that it names. */
export function planInit(
  plan: ScenarioPlan,
  { deadline, onDeadline }: Pick<Scenario, 'deadline' | 'onDeadline'>,
  { id, outputName, companions }: Pick<ModelUnderTest, 'id' | 'outputName'> & { companions?: CompanionsUnderTest }
): PlanInit {
  const { code, k, n, layout, parity, maxWrong, hedge, fewest } = plan
  // Parity models are there for as many stragglers.
  const { stragglers = parity && n - k } = plan
  return {
    model: id,
    output: companions?.output ?? outputName,
    code: codeFamily(code),
    codeOptions: { layout },
    k,
    n,
    stragglers,
    deadline,
    ...(maxWrong !== undefined && { maxWrong }),
    ...(hedge && { hedge }),
    ...(fewest && { fewest }),
    ...companions?.plan,
    ...(onDeadline && { onDeadline })
  }
}
