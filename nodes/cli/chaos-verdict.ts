import type { PlanReport, ScenarioReport } from '../../src/simulation/index.ts'

/** A plan counts as accurate as the best one within so much. */
const TOLERANCE = 0.01

/** Which plan did best in a scenario. */
export interface Verdict {
  winner: PlanReport
  /** What it is compared with: the plan that sends each query once, else the one that sends least. */
  plain: PlanReport
  /** Share of the queries that a plan has right; where that is not known, that it has answered. */
  worth: (plan: PlanReport) => number
}

/**
 * The plan with the shortest 99th percentile of those that are as accurate as the most accurate one, give or take a hundredth: a fast
 * wrong answer wins nothing. Where accuracy is not known, answered queries stand for right ones.
 */
export function verdict({ plans }: ScenarioReport): Verdict {
  const known = plans.every(({ overallAccuracy }) => overallAccuracy !== undefined)
  const worth = ({ overallAccuracy = 0, answered, queries }: PlanReport): number =>
    known ? overallAccuracy : answered / Math.max(1, queries)
  const best = Math.max(...plans.map(worth))
  const [winner] = plans
    .filter(plan => worth(plan) >= best - TOLERANCE)
    .sort((a, b) => a.latencyMs.p99 - b.latencyMs.p99 || a.tasksPerQuery - b.tasksPerQuery)
  const [plain] = plans.toSorted((a, b) => a.tasksPerQuery - b.tasksPerQuery)
  return { winner, plain, worth }
}

/** The verdict in a sentence: which plan wins, and by how much, at what cost. */
export function verdictText(report: ScenarioReport): { who: string; how: string } {
  const { winner, plain, worth } = verdict(report)
  const right = report.plans.every(({ overallAccuracy }) => overallAccuracy !== undefined) ? 'right' : 'answered'
  const share = (plan: PlanReport): string => (100 * worth(plan)).toFixed(1)
  const ms = ({ latencyMs }: PlanReport): string => latencyMs.p99.toFixed(0)
  const tasks = ({ tasksPerQuery }: PlanReport): string => tasksPerQuery.toFixed(1)
  return winner === plain
    ? {
        who: `${plain.plan} wins`,
        how: `p99 ${ms(plain)} ms, ${share(plain)}% ${right}, ${tasks(plain)} tasks a query. Nothing that costs more does better.`
      }
    : {
        who: `${winner.plan} wins over ${plain.plan}`,
        how:
          `p99 ${instead(ms(winner), ms(plain))} ms, ${instead(share(winner), share(plain))}% ${right}, ` +
          `for ${instead(tasks(winner), tasks(plain))} tasks a query.`
      }
}

/** A process that stands still for longer than this, in ms, has had to wait for a core: its times are this computer's fault. */
const STILL = 100

/** What is to be said of a computer that was too busy for the real processes on it. */
export function busyText({ plans }: ScenarioReport): string | undefined {
  const still = plans.flatMap(({ plan, stalled = 0 }) => (stalled > STILL ? `${plan} by ${stalled.toFixed(0)} ms` : []))
  return still.length === 0
    ? undefined
    : `This computer was too busy: the master itself stood still, so that times are off, of ${still.join(', of ')} at most.`
}

function instead(one: string, other: string): string {
  return one === other ? one : `${one} instead of ${other}`
}
