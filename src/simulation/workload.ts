import type { Random } from '../chance/index.ts'
import type { Clock } from '../inference/index.ts'
import { arrivals } from './arrivals.ts'
import type { Workload } from './scenario.ts'

export interface WorkloadInit {
  clock: Clock
  chance: Random
  /** Asks so many queries together, and calls `done` when each has its outcome. */
  ask(count: number, done: () => void): void
}

/** Has queries asked, on a virtual clock or a real one, from its moment now on. */
export function startWorkload(workload: Workload, { clock, chance, ask }: WorkloadInit): void {
  const { batch = 1, length } = workload
  const start = clock.now()
  if (workload.arrivals === 'closed') {
    const { clients, think = 0 } = workload
    const turn = (): void => {
      if (clock.now() < start + length) {
        ask(batch, () => clock.setTimer(clock.now() + think, turn))
      }
    }
    for (let client = 0; client < clients; client++) {
      clock.setTimer(start, turn)
    }
    return
  }
  const moments = arrivals(workload, chance)
  const next = (): void => {
    const { value: at, done } = moments.next()
    if (!done) {
      clock.setTimer(start + at, () => {
        ask(batch, () => {})
        next()
      })
    }
  }
  next()
}
