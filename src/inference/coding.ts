import { cachedDecoder, type LinearCode, type LinearDecoder, leverages, linearDecoder } from '../codes/index.ts'
import { codeFor, type PlanSpec } from './plan.ts'

/** N·K² of a code up to which it is told which of its coded queries matter most: more would hold up the master. */
const MOST_WORK = 1e6

/** A code, and how it decodes by itself. */
export interface Coding {
  code: LinearCode
  decoder: LinearDecoder
  /** What the loss of each coded query costs beside that of others; none in a systematic code, where each query counts as itself. */
  weights?: Float64Array
}

const codings = new WeakMap<PlanSpec, Map<number, Coding>>()

/**
 * The code of a group of `count` queries, kept for the next group of its plan: to make a code and its operators takes longer than all else
 * that a group of small tensors needs.
 */
export function codingFor(spec: PlanSpec, count: number): Coding {
  const known = codings.get(spec) ?? new Map<number, Coding>()
  codings.set(spec, known)
  let coding = known.get(count)
  if (coding === undefined) {
    const code = codeFor(spec, count)
    coding = { code, decoder: cachedDecoder(linearDecoder(code)), weights: weightsOf(code) }
    known.set(count, coding)
  }
  return coding
}

function weightsOf(code: LinearCode): Float64Array | undefined {
  const { n, k, systematic } = code
  return systematic || n * k * k > MOST_WORK ? undefined : leverages(code)
}
