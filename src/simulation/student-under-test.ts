import type { Companion } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { stack } from '../tensor/index.ts'

/** What is known of a student: the part of its profile that says what it is worth. */
export interface StudentFigures {
  /** How likely its answers name the model's own class: quantiles evenly apart, ascending. */
  agreements: readonly number[]
  error: number
}

/** A small model that the master runs by itself. */
export interface StudentUnderTest {
  companion: Companion
  run(inputs: NamedTensors): NamedTensors | Promise<NamedTensors>
}

/** One that nothing is known of: sure of some queries, a guess on others. */
const ANY: StudentFigures = { agreements: [0.5, 0.6, 0.7, 0.8, 0.9, 0.99], error: 1 }

/** Has no factor in common with the number of quantiles that a profile has, so that each is met equally often. */
const STEP = 7

/**
 * A student that does not run (timing mode): like the timed model it hands on what it gets. How sure it is of a query goes by
 * the query's number, through the quantiles of what is known.
 */
export function timedStudent({ agreements, error }: StudentFigures = ANY): StudentUnderTest {
  return {
    run: ({ x }) => ({ answers: x }),
    companion: {
      model: 'student',
      output: 'answers',
      feed: queries => ({ x: stack(queries.map(({ x }) => x.row(0))) }),
      read(answer) {
        const number = Number(answer.data[0])
        return { output: answer, expected: { error, agreement: agreements[(STEP * number) % agreements.length] } }
      }
    }
  }
}
