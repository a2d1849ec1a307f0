import type { LinearDecoder, Operator } from './operator.ts'
import { requireCount } from './parameters.ts'

/**
 * A decoder that keeps the operators of the survivor sets used last, for fleets where the same workers tend to answer.
 *
 * @param capacity how many operators to keep; one holds k×m numbers. Default 64
 * @throws {InvalidCodeError} `capacity` is not a whole number ≥ 1
 */
export function cachedDecoder(decoder: LinearDecoder, capacity = 64): LinearDecoder {
  requireCount('capacity', capacity)
  // A Map iterates in the order of insertion, so that with every use put last, the first is the one used least recently.
  const kept = new Map<string, Operator>()
  return {
    select(survivors) {
      const key = survivors.join()
      const operator = kept.get(key) ?? decoder.select(survivors.slice())
      kept.delete(key)
      kept.set(key, operator)
      const oldest = kept.keys().next().value
      if (kept.size > capacity && oldest !== undefined) kept.delete(oldest)
      return operator
    }
  }
}
