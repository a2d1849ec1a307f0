import type { OutcomesOf } from './outcome.ts'
import { drawn } from './stragglers.ts'

/** Parity models, one for each prediction of a group that may be missing. */
export interface ParityFacts {
  /** Queries in a group. */
  k: number
  /** What a prediction is worth if one is missing, two are, and so on up to as many as parity models. */
  missing: ReadonlyArray<{
    /** How often its class is the model's own. */
    agreement?: number
    /** ‖p − f‖², as `mse` of a forecast; where nothing is known of it, it counts as that of a guess. */
    mse?: number
  }>
  /** How many groups it was learned on. */
  groups: number
}

/**
 * The queries themselves and as many parity queries as models, each at a worker of its own. With d of them straggling, h of which have
 * a query, all h are reconstructed if as many parity queries are answered, or else lost.
 */
export function parityOutcomes({ k, missing }: ParityFacts): OutcomesOf {
  const parities = missing.length
  return straggling =>
    Array.from({ length: Math.min(k, straggling) + 1 }, (_, absent) => {
      const recovered = absent <= parities - (straggling - absent)
      return {
        probability: drawn({ from: k + parities, marked: k, draws: straggling, hits: absent }),
        outcome: {
          exact: 1 - absent / k,
          lost: recovered ? 0 : absent / k,
          ...(recovered && absent > 0 && { reconstructed: missing[absent - 1] }),
          complete: Number(recovered || absent === 0)
        }
      }
    }).filter(({ probability }) => probability > 0)
}
