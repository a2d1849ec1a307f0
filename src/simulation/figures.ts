import { mean, quantileSorted } from 'simple-statistics'
import type { Millis, Source } from '../inference/index.ts'
import type { GroupRecord, QueryRecord, RunRecord } from './run-record.ts'
import type { Scenario } from './scenario.ts'

/** Time from asking to the terminal outcome, an error included, in ms. */
export interface LatencyFigures {
  p50: Millis
  p90: Millis
  p99: Millis
  p999: Millis
  max: Millis
}

/** How a plan did. Shares and accuracies are from 0 to 1; an accuracy is absent where nothing is known of it. */
export interface Figures {
  queries: number
  /** With a prediction. */
  answered: number
  /** Of the predictions, those that are the model's own result on the query. */
  exactShare: number
  /** How many predictions were made of what. */
  sources: Partial<Record<Source, number>>
  /** Of all queries, those asked while the student was on; absent where none learns. */
  studentOnShare?: number
  latencyMs: LatencyFigures
  /** Predictions in a second. */
  goodput: number
  /** Of all queries: one without a prediction counts as wrong. */
  overallAccuracy?: number
  /** Of the reconstructed predictions. */
  degradedAccuracy?: number
  /** Tasks sent for a query, and their bytes. */
  tasksPerQuery: number
  bytesPerQuery: number
}

export interface PhaseFigures extends Figures {
  phase: string
  from: Millis
  to: Millis
}

/** A stretch of a run, for a plot. */
export interface Moment {
  at: Millis
  queries: number
  answered: number
  p50: Millis
  p99: Millis
}

export interface RunFigures extends Figures {
  /** Runs that workers ended, and those of them whose result nobody used. */
  runs: number
  wastedRuns: number
  phases: PhaseFigures[]
  /** Latency below which so great a share of the queries lies: of 0, 0.02, … 1, and of the last hundredths more closely. */
  latencyCurve: Array<{ share: number; ms: Millis }>
  course: Moment[]
}

/** Stretches that the course of a run is told in. */
const MOMENTS = 60

const SHARES = [...Array.from({ length: 50 }, (_, i) => i / 50), 0.99, 0.995, 0.999, 0.9995, 1]

export function runFigures({ queries, groups, runs }: RunRecord, scenario: Scenario): RunFigures {
  const { length } = scenario.workload
  const used = groups.reduce((sum, group) => sum + group.used, 0)
  const latencies = sortedLatencies(queries)
  return {
    ...figures(queries, groups, length),
    runs,
    wastedRuns: Math.max(0, runs - used),
    phases: phasesOf(scenario).flatMap(({ name, from, to }) => {
      const asked = queries.filter(({ askedAt }) => askedAt >= from && askedAt < to)
      const started = groups.filter(({ startedAt }) => startedAt >= from && startedAt < to)
      return asked.length === 0 ? [] : [{ phase: name, from, to, ...figures(asked, started, to - from) }]
    }),
    latencyCurve: latencies.length === 0 ? [] : SHARES.map(share => ({ share, ms: quantileSorted(latencies, share) })),
    course: course(queries, length)
  }
}

function figures(queries: readonly QueryRecord[], groups: readonly GroupRecord[], length: Millis): Figures {
  const answered = queries.filter(({ status }) => status !== 'failed')
  const reconstructed = queries.filter(({ status }) => status === 'reconstructed')
  const sorted = sortedLatencies(queries)
  const at = (share: number): Millis => (sorted.length === 0 ? 0 : quantileSorted(sorted, share))
  const perQuery = (of: (group: GroupRecord) => number): number =>
    groups.reduce((sum, group) => sum + of(group), 0) / Math.max(1, queries.length)
  return {
    queries: queries.length,
    answered: answered.length,
    exactShare: answered.length === 0 ? 0 : 1 - reconstructed.length / answered.length,
    sources: sourcesOf(queries),
    studentOnShare: shareOn(queries),
    latencyMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) },
    goodput: (1000 * answered.length) / length,
    overallAccuracy: meanAccuracy(queries),
    degradedAccuracy: meanAccuracy(reconstructed),
    tasksPerQuery: perQuery(({ tasks }) => tasks),
    bytesPerQuery: perQuery(({ bytes }) => bytes)
  }
}

function sourcesOf(queries: readonly QueryRecord[]): Figures['sources'] {
  const counts: Figures['sources'] = {}
  for (const { source } of queries) {
    if (source !== undefined) counts[source] = (counts[source] ?? 0) + 1
  }
  return counts
}

function shareOn(queries: readonly QueryRecord[]): number | undefined {
  const known = queries.flatMap(({ studentOn }) => studentOn ?? [])
  return known.length === 0 ? undefined : known.filter(Boolean).length / known.length
}

function sortedLatencies(queries: readonly QueryRecord[]): Millis[] {
  return queries.map(({ askedAt, endedAt }) => endedAt - askedAt).sort((a, b) => a - b)
}

/** `undefined` when that of some is not known, or there are none. */
function meanAccuracy(queries: readonly QueryRecord[]): number | undefined {
  const known = queries.flatMap(({ accuracy }) => accuracy ?? [])
  return known.length === 0 || known.length < queries.length ? undefined : mean(known)
}

/** Those that the scenario names, else before, during and after its faults. */
function phasesOf({ phases, faults = [], workload: { length } }: Scenario): Array<{
  name: string
  from: Millis
  to: Millis
}> {
  const starts = faults.map(({ at = 0 }) => at)
  const ends = faults.map(({ at = 0, for: lasts = Infinity }) => at + lasts)
  const derived =
    faults.length === 0
      ? [{ name: 'calm', at: 0 }]
      : [
          { name: 'before', at: 0 },
          { name: 'faults', at: Math.min(...starts) },
          { name: 'after', at: Math.max(...ends) }
        ]
  return (phases ?? derived)
    .map(({ name, at }, i, all) => ({ name, from: at, to: Math.min(all[i + 1]?.at ?? length, length) }))
    .filter(({ from, to }) => from < to)
}

function course(queries: readonly QueryRecord[], length: Millis): Moment[] {
  const stretches = Array.from({ length: MOMENTS }, (): QueryRecord[] => [])
  for (const query of queries) {
    stretches[Math.min(MOMENTS - 1, Math.floor((MOMENTS * query.askedAt) / length))].push(query)
  }
  return stretches.flatMap((asked, i) => {
    const sorted = sortedLatencies(asked)
    const answered = asked.filter(({ status }) => status !== 'failed').length
    const at = (length * i) / MOMENTS
    return asked.length === 0
      ? []
      : [{ at, queries: asked.length, answered, p50: quantileSorted(sorted, 0.5), p99: quantileSorted(sorted, 0.99) }]
  })
}
