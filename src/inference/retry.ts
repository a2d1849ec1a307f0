import type { Placement } from './placement.ts'

/** How often a task that failed is sent again, each time to a worker that did not have it yet. */
const RETRIES = 1

/** Whether a task that failed goes to another worker: not if a copy of it is out as well. The master itself is no other worker. */
export function mayRetry({ task, attempts }: Placement): boolean {
  const { length: failed } = attempts.filter(({ status }) => status === 'failed')
  return task.runner === 'worker' && failed <= RETRIES && attempts.every(({ status }) => status !== 'waiting')
}
