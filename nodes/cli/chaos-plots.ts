import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { PlanReport, ScenarioReport } from '../../src/simulation/index.ts'
import { verdict } from './chaos-verdict.ts'

const WINNER = '#0b7a4b'
const PLAIN = '#b4441e'
const OTHER = '#9aa5b1'

/** Room on the left for the names of plans. */
const NAMES = 190
const ROW = 26
/** Room above and below the rows. */
const AXES = 62

/** How long it took and when, as SVG: plots of one scenario. */
export interface ScenarioPlots {
  latency: string
  right: string
  cost: string
  course: string
}

export function scenarioPlots(report: ScenarioReport): ScenarioPlots {
  const { winner, plain } = verdict(report)
  const colour = (plan: PlanReport): string => (plan === winner ? WINNER : plan === plain ? PLAIN : OTHER)
  return {
    latency: latency(report, colour),
    right: bars(report, colour, {
      label: 'right, % of all queries',
      of: ({ overallAccuracy, answered, queries }) => 100 * (overallAccuracy ?? answered / queries),
      text: value => value.toFixed(1),
      width: 210
    }),
    cost: bars(report, colour, {
      label: 'tasks sent for a query',
      of: ({ tasksPerQuery }) => tasksPerQuery,
      text: value => value.toFixed(2),
      width: 190
    }),
    course: course(report, colour)
  }
}

type Colour = (plan: PlanReport) => string

/** p50 to p99.9 of each plan on a line, and the deadline. */
function latency({ plans, scenario }: ScenarioReport, colour: Colour): string {
  const points = plans.flatMap(plan =>
    (['p50', 'p90', 'p99', 'p999'] as const).map(quantile => ({
      plan: plan.plan,
      ms: plan.latencyMs[quantile],
      name: quantile === 'p999' ? 'p99.9' : quantile,
      colour: colour(plan)
    }))
  )
  return svg({
    width: 560,
    height: AXES + ROW * plans.length,
    marginLeft: NAMES,
    marginTop: 20,
    marginBottom: 42,
    x: { label: 'latency, ms →', zero: true, grid: true },
    y: { type: 'band', label: null, domain: plans.map(({ plan }) => plan) },
    symbol: { domain: ['p50', 'p90', 'p99', 'p99.9'], range: ['circle', 'square', 'triangle', 'diamond'] },
    marks: [
      Plot.ruleX([scenario.deadline], { stroke: '#c33', strokeDasharray: '4 3' }),
      Plot.ruleY(plans, {
        y: 'plan',
        x1: ({ latencyMs }: PlanReport) => latencyMs.p50,
        x2: ({ latencyMs }: PlanReport) => latencyMs.p999,
        stroke: colour,
        strokeWidth: 2
      }),
      Plot.dot(points, { x: 'ms', y: 'plan', symbol: 'name', fill: 'colour', r: 4.5 })
    ]
  })
}

interface Bars {
  label: string
  of(plan: PlanReport): number
  text(value: number): string
  width: number
}

/** One number of each plan, in the rows of the plot of latencies. */
function bars({ plans }: ScenarioReport, colour: Colour, { label, of, text, width }: Bars): string {
  return svg({
    width,
    height: AXES + ROW * plans.length,
    marginLeft: 10,
    marginTop: 20,
    marginRight: 40,
    marginBottom: 42,
    x: { label: `${label} →`, zero: true, ticks: 3 },
    y: { type: 'band', label: null, domain: plans.map(({ plan }) => plan), axis: null },
    marks: [
      Plot.barX(plans, { y: 'plan', x: of, fill: colour, insetTop: 3, insetBottom: 3 }),
      Plot.text(plans, { y: 'plan', x: of, text: (plan: PlanReport) => text(of(plan)), textAnchor: 'start', dx: 4 })
    ]
  })
}

/** The worst hundredth of each moment, and when things went wrong. */
function course({ plans, scenario }: ScenarioReport, colour: Colour): string {
  const { faults = [], workload, deadline } = scenario
  const moments = plans.flatMap(plan =>
    plan.course.map(({ at, p99 }) => ({ plan: plan.plan, s: at / 1000, p99, colour: colour(plan) }))
  )
  // The plans that the verdict speaks of lie on top.
  moments.sort((a, b) => Number(a.colour !== OTHER) - Number(b.colour !== OTHER))
  const spells = faults.map(({ kind, at = 0, for: lasts = workload.length }) => ({
    kind,
    from: at / 1000,
    to: Math.min(at + lasts, workload.length) / 1000
  }))
  return svg({
    width: 960,
    height: 230,
    marginLeft: 50,
    marginBottom: 42,
    x: { label: 'seconds →', domain: [0, workload.length / 1000] },
    y: { label: '↑ p99 of each moment, ms', zero: true, grid: true },
    marks: [
      Plot.rectX(spells, { x1: 'from', x2: 'to', fill: '#f3d9a4', fillOpacity: 0.35 }),
      Plot.ruleY([deadline], { stroke: '#c33', strokeDasharray: '4 3' }),
      Plot.lineY(moments, { x: 's', y: 'p99', z: 'plan', stroke: 'colour', strokeWidth: 1.5 })
    ]
  })
}

function svg(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  return Plot.plot({ ...options, document, style: { fontSize: '12px', fontFamily: 'inherit' } }).outerHTML
}
