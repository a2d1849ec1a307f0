import { codeFamily } from '../codes/index.ts'
import type { PlanInit } from '../inference/index.ts'
import type { Scenario, ScenarioPlan } from './scenario.ts'

/** What the one model of a simulated fleet is called. */
export const MODEL = 'model'

/** What people call a plan of a scenario. */
export function planName({ name, code, k, n, layout }: ScenarioPlan): string {
  return name ?? `${layout === 'systematic' ? 'systematic ' : ''}${code} ${k} → ${n}`
}

/** A plan of a scenario, as the master wants it. */
export function planInit(
  plan: ScenarioPlan,
  { deadline, onDeadline }: Pick<Scenario, 'deadline' | 'onDeadline'>,
  output: string
): PlanInit {
  const { code, k, n, layout, stragglers, maxWrong, hedge } = plan
  return {
    model: MODEL,
    output,
    code: codeFamily(code),
    codeOptions: { layout },
    k,
    n,
    stragglers,
    deadline,
    ...(maxWrong !== undefined && { maxWrong }),
    ...(hedge && { hedge }),
    ...(onDeadline && { onDeadline })
  }
}
