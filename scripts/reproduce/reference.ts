import { readFile } from 'node:fs/promises'
import type { Row } from './codes.ts'
import type { NetworkName } from './networks.ts'
import type { Estimate, Score } from './score.ts'

interface ReferenceScore {
  mse?: number
  mseStandardError?: number
  relAcc: number
}

interface Reference {
  source: string
  /** On how many groups figures without a standard error rest, about. */
  groupsWithoutStandardError: number
  networks: Record<NetworkName, { of: string; rows: ReferenceRow[] }>
}

interface ReferenceRow {
  method: string
  ordering: Row['ordering']
  /** By the number of stragglers. */
  cells: Record<string, ReferenceScore>
}

/** A figure of the reference, and how far ours is above it, in standard errors of their difference. */
export interface Beside {
  value: number
  apart: number
}

/** Our figures beside the reference; without MSE where the reference has none. */
export interface Difference {
  method: string
  ordering: Row['ordering']
  stragglers: number
  mse?: Beside
  relAcc: Beside
}

export interface Comparison {
  source: string
  differences: Difference[]
}

/** Rounded figures, to three places, are off by up to half of the last. */
const ROUNDING = 0.0005

/** Every row that another study has too, beside its figures. */
export async function compareWithReference(
  network: NetworkName,
  rows: readonly Row[],
  groups: number
): Promise<Comparison> {
  const text = await readFile(new URL('reference.json', import.meta.url), 'utf8')
  const reference: Reference = JSON.parse(text)
  const { of, rows: known } = reference.networks[network]
  // Where the other study gives no standard error it is taken from ours, by the number of groups.
  const scale = Math.sqrt(groups / reference.groupsWithoutStandardError)
  const differences = rows.flatMap(({ method, ordering, cells }) => {
    const theirs = known.find(row => row.method === method && row.ordering === ordering)?.cells
    return cells.flatMap(({ stragglers, ...ours }) => {
      const score = theirs?.[stragglers]
      return score === undefined ? [] : { method, ordering, stragglers, ...difference(ours, score, scale) }
    })
  })
  return { source: `${reference.source}; ${of}`, differences }
}

function difference(ours: Score, theirs: ReferenceScore, scale: number): Pick<Difference, 'mse' | 'relAcc'> {
  const beside = ({ value, standardError }: Estimate, other: number, error = standardError * scale): Beside => ({
    value: other,
    apart: (value - other) / Math.hypot(standardError, error, ROUNDING)
  })
  return {
    mse: theirs.mse === undefined ? undefined : beside(ours.mse, theirs.mse, theirs.mseStandardError),
    relAcc: beside(ours.relAcc, theirs.relAcc)
  }
}
