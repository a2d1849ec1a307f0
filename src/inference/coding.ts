import { cachedDecoder, type LinearCode, type LinearDecoder, linearDecoder } from '../codes/index.ts'
import { codeFor, type PlanSpec } from './plan.ts'

/** A code, and how it decodes by itself. */
export interface Coding {
  code: LinearCode
  decoder: LinearDecoder
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
    coding = { code, decoder: cachedDecoder(linearDecoder(code)) }
    known.set(count, coding)
  }
  return coding
}
