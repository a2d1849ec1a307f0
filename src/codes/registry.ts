import { approxifer } from './approxifer.ts'
import { berrut } from './berrut.ts'
import { chords } from './chords.ts'
import type { LinearCode } from './code.ts'
import { InvalidCodeError, UnknownCodeError } from './errors.ts'
import { lagrange, lagrangeThreshold } from './lagrange.ts'
import { nercc } from './nercc.ts'
import { mostParities, parm } from './parm.ts'
import type { Layout } from './points.ts'
import { replication } from './replication.ts'
import { uncoded } from './uncoded.ts'

/** What a code of any family is made from; a family refuses options that mean nothing to it. */
export interface CodeOptions {
  /** Number of queries in a group, K ≥ 1. */
  k: number
  /** Number of coded queries, N. */
  n: number
  /** Where the coded queries sit; the default is the first of the family's layouts. */
  layout?: Layout
  /** NeRCC only: λ_e ≥ 0. */
  lambdaEncode?: number
  /** NeRCC only: λ_d ≥ 0. */
  lambdaDecode?: number
  /** Lagrange only: the model is a polynomial of this degree; default 1. */
  degree?: number
}

export type CodeName = 'uncoded' | 'replication' | 'lagrange' | 'bacc' | 'approxifer' | 'nercc' | 'chords' | 'parm'

/** A code for every K and N that it allows. */
export interface CodeFamily {
  readonly name: CodeName
  /** For people. */
  readonly title: string
  /** Where it is from. */
  readonly source: string
  /** The layouts that it can be had in, the default first. */
  readonly layouts: readonly Layout[]
  /** Its codes are systematic for every K, unless another layout is asked for. */
  readonly systematic: boolean
  /** It mixes queries and results, which must be floats for that; the others only repeat queries. */
  readonly mixes: boolean
  /** The fewest coded queries for a group of `k`. */
  minimumN(k: number, options?: Pick<CodeOptions, 'layout' | 'degree'>): number
  /** The most coded queries for a group of `k`; absent where there is no limit. */
  maximumN?(k: number): number
  /** @throws {InvalidCodeError} the family has no such code, or an option means nothing to it */
  create(options: CodeOptions): LinearCode
}

/** Every family of codes by name, simplest first. */
export const codes: Readonly<Record<CodeName, CodeFamily>> = {
  uncoded: {
    name: 'uncoded',
    title: 'Uncoded',
    source: 'each query once, to one worker',
    layouts: ['systematic'],
    systematic: true,
    mixes: false,
    minimumN: k => k,
    maximumN: k => k,
    create(options) {
      refuse(codes.uncoded, options, ['smoothing', 'degree'])
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
    layouts: ['systematic'],
    systematic: true,
    mixes: false,
    minimumN: k => k,
    create(options) {
      refuse(codes.replication, options, ['smoothing', 'degree'])
      return replication(options)
    }
  },
  lagrange: {
    name: 'lagrange',
    title: 'Lagrange',
    source: 'Yu and others, Lagrange Coded Computing, 2019',
    layouts: ['paper', 'systematic'],
    systematic: false,
    mixes: true,
    minimumN: (k, { degree } = {}) => lagrangeThreshold(k, degree),
    create(options) {
      refuse(codes.lagrange, options, ['smoothing'])
      return lagrange(options)
    }
  },
  bacc: {
    name: 'bacc',
    title: 'BACC',
    source: 'Jahani-Nezhad and Maddah-Ali, Berrut Approximated Coded Computing, 2022',
    layouts: ['paper', 'systematic'],
    systematic: false,
    mixes: true,
    minimumN: anyOrAll,
    create(options) {
      refuse(codes.bacc, options, ['smoothing', 'degree'])
      return berrut(options)
    }
  },
  approxifer: {
    name: 'approxifer',
    title: 'ApproxIFER',
    source: 'Soleymani, Ali, Mahdavifar and Avestimehr, ApproxIFER, 2022',
    layouts: ['paper'],
    systematic: false,
    mixes: true,
    minimumN: () => 1,
    create(options) {
      refuse(codes.approxifer, options, ['smoothing', 'degree'])
      return approxifer(options)
    }
  },
  nercc: {
    name: 'nercc',
    title: 'NeRCC',
    source: 'Moradi and Maddah-Ali, Nested-Regression Coded Computing, 2024',
    layouts: ['paper', 'systematic'],
    systematic: false,
    mixes: true,
    minimumN: anyOrAll,
    create(options) {
      refuse(codes.nercc, options, ['degree'])
      return nercc(options)
    }
  },
  chords: {
    name: 'chords',
    title: 'Chords',
    source: 'splinemesh; for the covariance decoder',
    layouts: ['paper', 'systematic'],
    systematic: false,
    mixes: true,
    minimumN: k => k,
    create(options) {
      refuse(codes.chords, options, ['smoothing', 'degree'])
      return chords(options)
    }
  },
  parm: {
    name: 'parm',
    title: 'ParM',
    source: 'Kosaian, Rashmi and Venkataraman, Parity Models, 2019; with a model for each parity query',
    layouts: ['systematic'],
    systematic: true,
    mixes: true,
    minimumN: k => k,
    maximumN: k => k + mostParities(k),
    create(options) {
      refuse(codes.parm, options, ['smoothing', 'degree'])
      return parm(options)
    }
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

function anyOrAll(k: number, { layout }: Pick<CodeOptions, 'layout'> = {}): number {
  return layout === 'systematic' ? k : 1
}

// Silently dropping an option would let someone believe that it was measured.
function refuse({ name, layouts }: CodeFamily, options: CodeOptions, meaningless: ('smoothing' | 'degree')[]): void {
  const { layout, lambdaEncode = 0, lambdaDecode = 0, degree } = options
  if (layout !== undefined && !layouts.includes(layout)) {
    throw new InvalidCodeError(`${name} has no ${layout} layout; it has: ${layouts.join(', ')}`)
  }
  if (meaningless.includes('smoothing') && (lambdaEncode !== 0 || lambdaDecode !== 0)) {
    throw new InvalidCodeError(`${name} has no smoothing parameters; leave out lambdaEncode and lambdaDecode`)
  }
  if (meaningless.includes('degree') && degree !== undefined) {
    throw new InvalidCodeError(`${name} knows no polynomials; leave out degree`)
  }
}
