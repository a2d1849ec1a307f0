import { codeFamily } from '../../src/codes/index.ts'
import { Fleet } from '../../src/fleet/index.ts'
import { type Effect, Master, type PlanInit, type PlanSpec, planSpec } from '../../src/inference/index.ts'

export const timings = { queue: 0, run: 1, network: 1 }

/** A master with workers that all serve the model `double`. */
export function master(workers = 6): Master {
  const fleet = new Fleet()
  for (let i = 0; i < workers; i++) {
    fleet.add(`worker-${i}`, ['double'])
  }
  return new Master(fleet)
}

export function spec(code: string, more: Partial<PlanInit> = {}): PlanSpec {
  const init = { model: 'double', output: 'y', code: codeFamily(code), k: 2, n: 4, deadline: 100, maxWait: 20 }
  return planSpec({ ...init, ...more })
}

export function of<T extends Effect['type']>(type: T, effects: Effect[]): Array<Extract<Effect, { type: T }>> {
  return effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type)
}
