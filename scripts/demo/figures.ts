import { max, quantile } from 'simple-statistics'
import { type Outcome, SELF } from '../../src/inference/index.ts'
import { argmax, type DigitGroup } from './digits.ts'
import type { DemoPlan, GroupRecord } from './run-plan.ts'
import { GRACE_MS } from './settings.ts'

/** How a plan did. Shares are from 0 to 1. */
export interface PlanFigures {
  plan: string
  n: number
  stragglers: number
  groups: number
  queries: number
  answered: number
  exact: number
  reconstructed: number
  correct: number
  answeredShare: number
  /** Groups all of whose queries had a prediction when the group ended, which the deadline bounds. */
  groupsAnsweredShare: number
  /** Of the queries that were answered. */
  accuracyOfAnswered: number
  /** Of all queries: one without an answer counts as wrong. */
  overallAccuracy: number
  /** Of the answered queries, those whose prediction is the model's own result on them. */
  exactShare: number
  latencyMs: { p50: number; p99: number; max: number }
  /** Bytes of the tensors of all tasks, retries included. */
  bytesSent: number
}

export function planFigures(plan: DemoPlan, records: readonly GroupRecord[]): PlanFigures {
  const outcomes = records.flatMap(record => record.outcomes)
  const count = (status: Outcome['status']): number => outcomes.filter(outcome => outcome.status === status).length
  const [exact, reconstructed] = [count('exact'), count('reconstructed')]
  const answered = exact + reconstructed
  const correct = records.reduce((sum, record) => sum + correctIn(record), 0)
  const latencies = records.map(({ report }) => (report.endedAt ?? Number.NaN) - report.startedAt)
  return {
    plan: plan.name,
    n: plan.n,
    stragglers: plan.stragglers,
    groups: records.length,
    queries: outcomes.length,
    answered,
    exact,
    reconstructed,
    correct,
    answeredShare: answered / outcomes.length,
    groupsAnsweredShare: records.filter(record => record.outcomes.every(isPrediction)).length / records.length,
    accuracyOfAnswered: correct / answered,
    overallAccuracy: correct / outcomes.length,
    exactShare: exact / answered,
    latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), max: max(latencies) },
    bytesSent: records
      .flatMap(({ report }) => report.tasks)
      .filter(({ worker }) => worker !== SELF)
      .reduce((sum, { bytes }) => sum + bytes, 0)
  }
}

/** The model without a mesh on the same queries. */
export function directAccuracy(groups: readonly DigitGroup[]): number {
  const right = groups.flatMap(({ direct, labels }) => direct.filter((logits, q) => argmax(logits) === labels[q]))
  return right.length / groups.flatMap(({ labels }) => labels).length
}

/** Queries without a terminal outcome, each as a sentence. There must be none. */
export function openQueries(plan: DemoPlan, records: readonly GroupRecord[]): string[] {
  return records.flatMap(({ queries, outcomes }, group) =>
    queries.flatMap((_, q) =>
      outcomes[q] === undefined || outcomes[q].status === 'pending'
        ? [`${plan.name}, group ${group}: query ${q} has no outcome`]
        : []
    )
  )
}

/** Groups that ended later than their deadline allows, each as a sentence: the master's process did not get a core in time. */
export function lateGroups(plan: DemoPlan, records: readonly GroupRecord[]): string[] {
  return records.flatMap(({ report: { endedAt = Number.POSITIVE_INFINITY, deadlineAt } }, group) => {
    const lateBy = endedAt - deadlineAt
    return lateBy > GRACE_MS ? [`${plan.name}, group ${group}: ended ${lateBy.toFixed(0)} ms after its deadline`] : []
  })
}

function isPrediction({ status }: Outcome): boolean {
  return status === 'exact' || status === 'reconstructed'
}

function correctIn({ outcomes, labels }: GroupRecord): number {
  return outcomes.filter((outcome, q) => 'output' in outcome && argmax(outcome.output) === labels[q]).length
}
