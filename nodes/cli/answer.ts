import type { GroupReport, Outcome } from '../../src/inference/index.ts'
import type { Model } from '../../src/models/index.ts'
import type { Answer } from '../calls.ts'
import { isVector, type RankedClass, rank } from './predictions.ts'
import { quantile } from './quantities.ts'

/** How to show predictions. */
export interface ShowOptions {
  /** The name of the output that was decoded. */
  output: string
  top: number
  labels?: string[]
}

/** An answer with what makes it readable: names of queries, ranked classes, and totals. */
export interface ReadableAnswer {
  model: Model
  /** The output that was decoded. */
  output: string
  final: boolean
  outcomes: Array<{ query: string; outcome: Outcome; top?: RankedClass[] }>
  groups: GroupReport[]
  summary: Summary
}

export interface Summary {
  queries: number
  answered: number
  exact: number
  reconstructed: number
  failed: number
  groups: number
  /** Of the groups: from the first task sent to the stop. */
  p50Ms: number
  maxMs: number
  /** Of the tensors in all tasks. */
  bytes: number
}

export function readable(
  { final, outcomes, groups }: Answer,
  queries: readonly string[],
  model: Model,
  show: ShowOptions
): ReadableAnswer {
  return {
    model,
    output: show.output,
    final,
    outcomes: outcomes.map((outcome, i) => ({ query: queries[i], outcome, top: topOf(outcome, show) })),
    groups,
    summary: summarize(outcomes, groups)
  }
}

function topOf(outcome: Outcome, { output, top, labels }: ShowOptions): RankedClass[] | undefined {
  const predicted = outcome.status === 'exact' || outcome.status === 'reconstructed'
  return predicted && isVector(outcome.output)
    ? rank(outcome.output, { top, labels, logits: output === 'logits' })
    : undefined
}

function summarize(outcomes: readonly Outcome[], groups: readonly GroupReport[]): Summary {
  const count = (status: Outcome['status']): number => outcomes.filter(outcome => outcome.status === status).length
  const exact = count('exact')
  const reconstructed = count('reconstructed')
  const times = groups.map(({ startedAt, endedAt = startedAt }) => endedAt - startedAt)
  return {
    queries: outcomes.length,
    answered: exact + reconstructed,
    exact,
    reconstructed,
    failed: outcomes.length - exact - reconstructed,
    groups: groups.length,
    p50Ms: quantile(times, 0.5),
    maxMs: quantile(times, 1),
    bytes: groups.flatMap(({ tasks }) => tasks).reduce((sum, task) => sum + task.bytes, 0)
  }
}
