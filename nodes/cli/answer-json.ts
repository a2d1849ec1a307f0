import type { Outcome } from '../../src/inference/index.ts'
import type { ReadableAnswer } from './answer.ts'
import { codeOf } from './exit-codes.ts'
import { numbersOf } from './predictions.ts'

/** As JSON: the names are those of the API; tensors have plain arrays, errors their names and codes. */
export function answerJson({ outcomes, groups, ...rest }: ReadableAnswer): string {
  return JSON.stringify({
    ...rest,
    outcomes: outcomes.map(({ query, outcome, top }) => ({ query, ...plainOutcome(outcome), top })),
    groups: groups.map(group => ({
      ...group,
      tasks: group.tasks.map(task => ({ ...task, error: task.error && plainError(task.error) }))
    }))
  })
}

function plainOutcome(outcome: Outcome) {
  switch (outcome.status) {
    case 'pending':
      return outcome
    case 'failed':
      return { ...outcome, error: plainError(outcome.error) }
    default: {
      const { dtype, shape } = outcome.output
      return { ...outcome, output: { dtype, shape, data: numbersOf(outcome.output) } }
    }
  }
}

function plainError(error: Error) {
  return { name: error.name, code: codeOf(error), message: error.message }
}
