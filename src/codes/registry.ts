import { berrut } from './berrut.ts'
import type { LinearCode } from './code.ts'
import { InvalidCodeError, UnknownCodeError } from './errors.ts'
import { nercc } from './nercc.ts'
import { replication } from './replication.ts'
import { uncoded } from './uncoded.ts'

/** What a code of any family is made from; a family refuses options that mean nothing to it. */
export interface CodeOptions {
  /** Number of queries in a group, K ≥ 1. */
  k: number
  /** Number of coded queries, N. */
  n: number
  /** NeRCC only: λ_e ≥ 0. */
  lambdaEncode?: number
  /** NeRCC only: λ_d ≥ 0. */
  lambdaDecode?: number
}

export type CodeName = 'uncoded' | 'replication' | 'bacc' | 'nercc'

/** A code for every K and N that it allows. */
export interface CodeFamily {
  readonly name: CodeName
  /** For people. */
  readonly title: string
  /** Where it is from. */
  readonly source: string
  /** Its codes are systematic for every K. */
  readonly systematic: boolean
  /** The fewest coded queries for a group of `k`. */
  minimumN(k: number): number
  /** The most coded queries for a group of `k`; absent where there is no limit. */
  maximumN?(k: number): number
  /** @throws {InvalidCodeError} the family has no such code */
  create(options: CodeOptions): LinearCode
}

/** Every family of codes by name, simplest first. */
export const codes: Readonly<Record<CodeName, CodeFamily>> = {
  uncoded: {
    name: 'uncoded',
    title: 'Uncoded',
    source: 'each query once, to one worker',
    systematic: true,
    minimumN: k => k,
    maximumN: k => k,
    create(options) {
      refuseSmoothing('uncoded', options)
      const { k, n } = options
      if (n !== k) {
        throw new InvalidCodeError(`uncoded sends each query exactly once, so n is k = ${k}; got n = ${n}`)
      }
      return uncoded({ k })
    }
  },
  replication: {
    name: 'replication',
    title: 'Replication',
    source: 'each query to several workers; the first answer counts',
    systematic: true,
    minimumN: k => k,
    create(options) {
      refuseSmoothing('replication', options)
      return replication(options)
    }
  },
  bacc: {
    name: 'bacc',
    title: 'BACC',
    source: 'Jahani-Nezhad and Maddah-Ali, Berrut Approximated Coded Computing, 2022',
    systematic: false,
    minimumN: () => 1,
    create(options) {
      refuseSmoothing('bacc', options)
      return berrut(options)
    }
  },
  nercc: {
    name: 'nercc',
    title: 'NeRCC',
    source: 'Moradi and Maddah-Ali, Nested-Regression Coded Computing, 2024',
    systematic: false,
    minimumN: () => 1,
    create: nercc
  }
}

/** @throws {UnknownCodeError} no family has this name; the message lists those that there are */
export function codeFamily(name: string): CodeFamily {
  const family = Object.values(codes).find(candidate => candidate.name === name)
  if (family === undefined) {
    throw new UnknownCodeError(`there is no code '${name}'; known: ${Object.keys(codes).join(', ')}`)
  }
  return family
}

// Silently dropping a smoothing parameter would let someone believe that it was measured.
function refuseSmoothing(name: CodeName, { lambdaEncode = 0, lambdaDecode = 0 }: CodeOptions): void {
  if (lambdaEncode !== 0 || lambdaDecode !== 0) {
    throw new InvalidCodeError(`${name} has no smoothing parameters; leave out lambdaEncode and lambdaDecode`)
  }
}
