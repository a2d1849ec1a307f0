import { cachedDecoder, linearDecoder, parm } from '../codes/index.ts'
import type {
  CalibratedPlan,
  Companion,
  Description,
  Exit,
  ParityModel,
  PlanInit,
  Reading
} from '../inference/index.ts'
import type { ModelId } from '../models/index.ts'
import { stack, type Tensor } from '../tensor/index.ts'
import type { ScenarioPlan } from './scenario.ts'

/** What is known of the companions of a plan: the parts of their profiles that say what they are worth. */
export interface CompanionFigures {
  student?: StudentFigures
  description?: DescriptionFigures
  exits?: readonly ExitFigures[]
  parity?: ParityFigures
}

export interface StudentFigures {
  /** How likely its answers name the model's own class: quantiles evenly apart, ascending. */
  agreements: readonly number[]
  error: number
}

export interface DescriptionFigures {
  agreement: number
  error: number
  /** Queries that share a run. */
  together: number
}

export interface ExitFigures extends StudentFigures {
  output: string
  /** The share of the model's work that is done when it speaks. */
  at: number
}

export interface ParityFigures {
  /** What a prediction is worth that parity models reconstruct if one of a group is missing, two are, and so on. */
  missing: ReadonlyArray<{ error: number; agreement?: { mean: number } }>
  /** Is the parity query made by a model that the master runs? */
  encoded: boolean
}

/** The companions of a plan, for a master and a fleet that are simulated. */
export interface CompanionsUnderTest {
  /** What the master's plan has of them. */
  plan: Pick<PlanInit, 'side' | 'parities' | 'calibrated'>
  /** The output that is decoded. */
  output: string
  /** The models that workers serve beside the deployed one. */
  served: readonly ModelId[]
  /** After which share of a run of the deployed model its exits speak, by their outputs. */
  exits: ReadonlyMap<string, number>
}

/** The model of a fleet in timing mode, its only output, and the model that makes parity queries. */
export const TIMED_MODEL = 'model'
export const OUTPUT = 'output'
export const ENCODER = 'encoder'

/** One that nothing is known of: sure of some queries, a guess on others. */
const ANY: StudentFigures = { agreements: [0.5, 0.6, 0.7, 0.8, 0.9, 0.99], error: 1 }
const ANY_DESCRIPTION: DescriptionFigures = { agreement: 0.5, error: 1, together: 4 }
const ANY_EXITS: readonly ExitFigures[] = [{ ...ANY, output: 'exit', at: 0.5 }]

/** Has no factor in common with the number of quantiles that a profile has, so that each is met equally often. */
const STEP = 7

/** A student that learns while it serves promises something by the second of such blocks of queries, and is believed when it keeps that in the third: as in `src/students`. */
const BLOCK = 200

const [STUDENT, DESCRIPTION, PARITY] = ['student', 'description', 'parity']

/**
 * Companions that do not run (timing mode): like the timed model they hand on what they get, and are worth what was measured
 * before. `undefined` where the plan has none.
 */
export function timedCompanions(plan: ScenarioPlan, figures: CompanionFigures = {}): CompanionsUnderTest | undefined {
  const { student, description, exits, parity, k, n } = plan
  if ((student ?? description ?? exits ?? parity) === undefined) {
    return undefined
  }
  const { exits: speaking = ANY_EXITS } = figures
  const parities = parity && Array.from({ length: n - k }, () => timedParity(figures.parity?.encoded === true))
  return {
    output: OUTPUT,
    plan: {
      ...((student || description || exits) && {
        side: {
          ...(exits && { exits: speaking.map(timedExit) }),
          ...(student && { student: timedStudent(figures.student, student.learns === true) }),
          ...(description && { description: timedDescription(figures.description) })
        }
      }),
      ...(parities && { parities }),
      ...(parities && figures.parity && { calibrated: timedWorth(plan, figures.parity) })
    },
    served: [
      ...(description ? [DESCRIPTION] : []),
      ...(parities?.some(({ model }) => model === PARITY) ? [PARITY] : [])
    ],
    exits: new Map(exits && speaking.map(({ output, at }) => [output, at]))
  }
}

/** How sure it is of a query goes by the query's number, through the quantiles of what is known. */
function reading({ agreements, error }: StudentFigures): (answer: Tensor) => Reading {
  return answer => {
    const number = Number(answer.data[0])
    return { output: answer, expected: { error, agreement: agreements[(STEP * number) % agreements.length] } }
  }
}

function timedExit(figures: ExitFigures): Exit {
  return { output: figures.output, read: reading(figures) }
}

function timedStudent(figures: StudentFigures = ANY, learns: boolean): Companion {
  let learned = 0
  return {
    model: STUDENT,
    output: OUTPUT,
    feed: inTurn,
    read: reading(figures),
    ...(learns && {
      believed: () => learned >= 3 * BLOCK,
      learn() {
        learned++
      }
    })
  }
}

function timedDescription({ agreement, error, together }: DescriptionFigures = ANY_DESCRIPTION): Description {
  const expected = { agreement, error }
  return {
    model: DESCRIPTION,
    output: OUTPUT,
    together,
    expected,
    feed: inTurn,
    read: answer => ({ output: answer, expected })
  }
}

/** The deployed model is its own parity model where an encoder makes the parity query, as in Coded-InvNet. */
function timedParity(encoded: boolean): ParityModel {
  return encoded
    ? {
        model: TIMED_MODEL,
        output: OUTPUT,
        encoder: { model: ENCODER, output: OUTPUT, feed: inTurn, read: coded => ({ x: coded }) }
      }
    : { model: PARITY, output: OUTPUT }
}

function timedWorth({ k, n }: ScenarioPlan, { missing }: ParityFigures): CalibratedPlan {
  return {
    id: PARITY,
    decoder: cachedDecoder(linearDecoder(parm({ k, n }))),
    assess({ exact, recoverable }) {
      const lost = recoverable.filter((can, query) => can && !exact[query]).length
      return recoverable.map((can, query) => {
        const worth = can && !exact[query] ? missing[lost - 1] : undefined
        return worth && { error: worth.error, agreement: worth.agreement?.mean }
      })
    },
    suspects: () => []
  }
}

const inTurn: Companion['feed'] = queries => ({ x: stack(queries.map(({ x }) => x.row(0))) })
