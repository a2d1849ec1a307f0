import type { TaskReport } from './events.ts'
import type { PlanTask } from './plan.ts'

/** A task of the group, and what came of each time it was sent. */
export interface Placement {
  task: PlanTask
  attempts: TaskReport[]
}

/** A task at a worker. */
export interface InFlight {
  placement: Placement
  attempt: TaskReport
}
