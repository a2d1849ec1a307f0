import {
  contradicted,
  type ExpectedQuality,
  floatsOf,
  type LinearCode,
  type LinearDecoder,
  locateRational,
  type Operator,
  restoreOrder,
  type Sliced,
  type Survivors
} from '../codes/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Tensor } from '../tensor/index.ts'

/** How full groups are decoded, and what is to be expected of it. Results are one per survivor, in their order. */
export interface CalibratedPlan {
  /** Tells plans apart that were calibrated differently. */
  id: string
  decoder: LinearDecoder
  /** For each query of the group what its prediction by this operator is expected to be like, if it is reconstructed. */
  assess(operator: Operator, predictions: ReadonlyArray<Tensor | undefined>): Array<ExpectedQuality | undefined>
  /** The survivors, at most `most` of them, whose results do not fit those of the others. */
  suspects(survivors: Survivors, results: readonly Tensor[], most: number): number[]
}

/**
 * What a prediction was made of: `exact`, a result of the deployed model on this very query; `decoded`, results on coded
 * queries; the answer of a companion, a `description` or the `student`; or what an `exit` of the model said before its last layers
 * had run.
 */
export type Source = 'exact' | 'decoded' | 'description' | 'student' | 'exit'

/** A prediction, and what it was made of. */
export interface Decoded {
  output: Tensor
  source: Source
  /** For one that is not exact, where calibration measured it. */
  expected?: ExpectedQuality
}

/** What becomes of the results of one group, which go by the index of their task; and of what exits said of its tasks. */
export interface GroupDecoder {
  /** For each query: do the results of these tasks give it, or exits that spoke of those? */
  recoverable(arrived: Iterable<number>, early?: Iterable<number>): boolean[]
  /** The tasks, at most `most`, whose results do not fit those of the others; none where nobody can tell. */
  suspects(results: ReadonlyMap<number, Tensor>, most: number): number[]
  /** The predictions that the results give, and exits where there are none, in the order of the queries; in slices. */
  decoding(results: ReadonlyMap<number, Tensor>, early?: EarlyAnswers): Sliced<Array<Decoded | undefined>>
}

/** What exits said, by the index of the task, then by the name of the output. */
export type EarlyAnswers = ReadonlyMap<number, NamedTensors>

export interface GroupDecoderInit {
  code: LinearCode
  decoder: LinearDecoder
  /** At place i of the group stands query order[i]. */
  order: readonly number[]
  /** Task i < k is query i itself, which left before its place in the order was known. */
  systematic: boolean
  calibrated: Pick<CalibratedPlan, 'assess' | 'suspects'> | undefined
}

/** Whom a code suspects by itself: ApproxIFER brings a locator along, which names as many as it may, whether or not they lie. */
function ownSuspects(code: LinearCode, survivors: Survivors, arrived: readonly Tensor[], most: number): number[] {
  if (code.name !== 'approxifer') return []
  const location = { code, survivors, results: arrived.map(floatsOf), errors: most }
  return contradicted(location, locateRational(location))
}

/** Decodes a group of a linear code; what is to be expected and who is suspect is told by what calibration learned. */
export function groupDecoder(init: GroupDecoderInit): GroupDecoder {
  return new LinearGroupDecoder(init)
}

class LinearGroupDecoder implements GroupDecoder {
  readonly #init: GroupDecoderInit

  constructor(init: GroupDecoderInit) {
    this.#init = init
  }

  recoverable(arrived: Iterable<number>): boolean[] {
    const { code, order } = this.#init
    const survivors = Array.from(arrived, task => this.#codedIndex(task)).sort((a, b) => a - b)
    return restoreOrder(code.recoverable(survivors), order)
  }

  suspects(results: ReadonlyMap<number, Tensor>, most: number): number[] {
    const { code, calibrated } = this.#init
    const { survivors, arrived } = this.#inCodedOrder(results)
    const wrong = calibrated?.suspects(survivors, arrived, most) ?? ownSuspects(code, survivors, arrived, most)
    return wrong.map(coded => this.#taskIndex(coded))
  }

  *decoding(results: ReadonlyMap<number, Tensor>): Sliced<Array<Decoded | undefined>> {
    const { decoder, order, calibrated } = this.#init
    const { survivors, arrived } = this.#inCodedOrder(results)
    if (survivors.length === 0) {
      return order.map(() => undefined)
    }
    const operator = decoder.select(survivors)
    const outputs = yield* operator.applying(arrived)
    const expected = calibrated?.assess(operator, outputs)
    const decoded = outputs.map((output, place): Decoded | undefined => {
      return (
        output &&
        (operator.exact[place]
          ? { output, source: 'exact' }
          : { output, source: 'decoded', expected: expected?.[place] })
      )
    })
    return restoreOrder(decoded, order)
  }

  #codedIndex(task: number): number {
    const { code, order, systematic } = this.#init
    return systematic && task < code.k ? order.indexOf(task) : task
  }

  #taskIndex(coded: number): number {
    const { code, order, systematic } = this.#init
    return systematic && coded < code.k ? order[coded] : coded
  }

  #inCodedOrder(results: ReadonlyMap<number, Tensor>): { survivors: number[]; arrived: Tensor[] } {
    const sorted = Array.from(results, ([task, tensor]) => ({ index: this.#codedIndex(task), tensor }))
    sorted.sort((a, b) => a.index - b.index)
    return { survivors: sorted.map(({ index }) => index), arrived: sorted.map(({ tensor }) => tensor) }
  }
}
