import { readFile } from 'node:fs/promises'
import type { Row } from './codes.ts'

interface ReferenceScore {
  mse: number
  mseStandardError?: number
  relAcc: number
}

interface Reference {
  source: string
  /** On how many groups figures without a standard error rest, about. */
  groupsWithoutStandardError: number
  rows: Record<string, Record<string, ReferenceScore>>
}

/** What a figure is apart from the reference, in standard errors of their difference. */
export interface Difference {
  method: string
  stragglers: number
  mse: number
  relAcc: number
  mseInStandardErrors: number
  relAccInStandardErrors: number
}

export interface Comparison {
  source: string
  differences: Difference[]
}

/** Rounded figures, to three places, are off by up to half of the last. */
const ROUNDING = 0.0005

/** The published methods in arbitrary order beside another study's figures. */
export async function compareWithReference(rows: readonly Row[], groups: number): Promise<Comparison> {
  const text = await readFile(new URL('reference.json', import.meta.url), 'utf8')
  const reference: Reference = JSON.parse(text)
  // Where the other study gives no standard error it is taken from ours, by the number of groups.
  const scale = Math.sqrt(groups / reference.groupsWithoutStandardError)
  const differences = rows.flatMap(({ method, ordering, cells }) => {
    const known = reference.rows[method]
    if (known === undefined || (ordering !== 'arbitrary' && ordering !== 'any')) return []
    return cells.flatMap(({ stragglers, mse, relAcc }) => {
      const theirs = known[stragglers]
      if (theirs === undefined) return []
      const mseError = Math.hypot(mse.standardError, theirs.mseStandardError ?? mse.standardError * scale, ROUNDING)
      const relAccError = Math.hypot(relAcc.standardError, relAcc.standardError * scale, ROUNDING)
      return {
        method,
        stragglers,
        mse: theirs.mse,
        relAcc: theirs.relAcc,
        mseInStandardErrors: (mse.value - theirs.mse) / mseError,
        relAccInStandardErrors: (relAcc.value - theirs.relAcc) / relAccError
      }
    })
  })
  return { source: reference.source, differences }
}
