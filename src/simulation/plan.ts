import { codeFamily } from '../codes/index.ts'
import type { Companion, PlanInit } from '../inference/index.ts'
import type { Scenario, ScenarioPlan } from './scenario.ts'

/** What the one model of a simulated fleet is called. */
export const MODEL = 'model'

/** What people call a plan of a scenario. */
export function planName({ name, code, k, n, layout, student }: ScenarioPlan): string {
  const made = `${layout === 'systematic' ? 'systematic ' : ''}${code} ${k} → ${n}`
  return name ?? (student === undefined ? made : `${made} beside a student`)
}

/** A plan of a scenario, as the master wants it; `student` is the one that it names. */
export function planInit(
  plan: ScenarioPlan,
  { deadline, onDeadline }: Pick<Scenario, 'deadline' | 'onDeadline'>,
  { outputName: output, student }: { outputName: string; student?: Companion }
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
    ...(student && { side: { student } }),
    ...(onDeadline && { onDeadline })
  }
}
