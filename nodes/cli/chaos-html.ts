import {
  FAULTS,
  type Figures,
  INVARIANTS,
  type PlanReport,
  planName,
  type Scenario,
  type ScenarioReport
} from '../../src/simulation/index.ts'
import type { Fidelity } from '../chaos/fit.ts'
import type { Environment } from '../environment.ts'
import { FIDELITY, fidelityRows } from './chaos-fidelity.ts'
import { companionsText, FIGURES, type FigureColumn, PHASE_FIGURES } from './chaos-figures.ts'
import { planText } from './chaos-plan-text.ts'
import { scenarioPlots } from './chaos-plots.ts'
import type { ChaosResults } from './chaos-results.ts'
import { busyText, verdict, verdictText } from './chaos-verdict.ts'
import { plural } from './quantities.ts'

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; max-width: 1040px; margin: 2rem auto; padding: 0 1rem }
  h1 { margin-bottom: 0 } h2 { margin: 3rem 0 0; border-top: 1px solid #d5dbe1; padding-top: 1.5rem }
  .lead, .small { color: #5a6773 } .small { font-size: 13px }
  .verdict { font-size: 17px; background: #eaf5ef; border-left: 4px solid #0b7a4b; padding: .6rem 1rem; margin: 1rem 0 }
  .broken { background: #fbeae5; border-left: 4px solid #b4441e; padding: .6rem 1rem }
  .overview td, .overview th { text-align: left; padding: 4px 18px 4px 0; font-size: 14px; white-space: normal } .overview a { color: inherit }
  .rows { display: flex; align-items: flex-end } figure { margin: 0 }
  table { border-collapse: collapse; font-size: 13px; margin: .8rem 0 } td, th { padding: 3px 8px; text-align: right; white-space: nowrap }
  td:first-child, th:first-child { text-align: left } th { color: #5a6773; font-weight: 500 } tr.winner td { font-weight: 650; color: #0b7a4b }
  summary { cursor: pointer; color: #5a6773 } .key b { font-weight: 600 }`

/** The report as one page that needs nothing else: no scripts, no network. */
export function reportHtml({ environment, scenarios, fidelity, failures = [] }: ChaosResults): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Chaos report · splinemesh</title><style>${STYLE}</style></head><body>
<h1>Chaos report</h1>
<p class="lead">Each scenario is a fleet of machines in which things go wrong. Every plan, a way of sending queries to the machines, is run
on the same machines, under the same load, with the same faults. A plan is worth what it costs if it answers more
queries rightly, or sooner, than sending each query to one machine.</p>
${failures.map(failure => `<p class="broken">Figures are missing: ${escaped(failure)}</p>`).join('')}
${overview(scenarios)}
<p class="small key">In the plots: <b style="color:#0b7a4b">green</b> the winner, the plan with the shortest p99 among those that are as often right as
the best one, give or take a hundredth; <b style="color:#b4441e">red</b> the plan that sends least, where another wins; grey the others. ● p50, ■ p90, ▲ p99, ◆ p99.9 of the time
from asking to the answer; the dashed line is the deadline, the shaded times are those of the faults.</p>
${scenarios.map(section).join('\n')}
${fidelity.length === 0 ? '' : fidelitySection(fidelity)}
${provenance(environment)}
</body></html>
`
}

/** The answer, before anything else. */
function overview(scenarios: readonly ScenarioReport[]): string {
  const rows = scenarios.map(report => {
    const { scenario, backend } = report
    const { who, how } = verdictText(report)
    const real = backend === 'real' ? ' (real processes)' : ''
    return `<tr><td><a href="#${idOf(report)}">${escaped(scenario.title)}</a>${real}</td><td><b>${escaped(who)}</b>: ${escaped(how)}</td></tr>`
  })
  return rows.length === 0
    ? ''
    : `<table class="overview"><tr><th>what goes wrong</th><th>which plan does best, and at what cost</th></tr>${rows.join('')}</table>`
}

function idOf({ scenario, backend }: ScenarioReport): string {
  return escaped(`${scenario.name}-${backend}`)
}

function section(report: ScenarioReport): string {
  const { scenario, seed, backend, machines, accuracyFrom, plans } = report
  const plots = scenarioPlots(report)
  const { winner } = verdict(report)
  const phases = [...new Set(plans.flatMap(plan => plan.phases.map(({ phase }) => phase)))]
  const source = accuracyFrom === undefined ? '' : ` · accuracies: ${accuracyFrom}`
  const { who, how } = verdictText(report)
  const busy = busyText(report)
  return `<section id="${idOf(report)}">
<h2>${escaped(scenario.title)}</h2>
<p class="lead">${escaped(scenario.name)} · ${backend === 'real' ? 'real processes' : 'simulated'} · ${plural(machines, 'machine')} ·
${plans[0].queries} queries a plan · deadline ${scenario.deadline} ms · seed ${seed}</p>
${faultsText(scenario)}
<p class="verdict"><b>${escaped(who)}</b>: ${escaped(how)}</p>
${busy === undefined ? '' : `<p class="broken">${escaped(busy)}</p>`}
${broken(report)}
<div class="rows">${plots.latency}${plots.right}${plots.cost}</div>
${plots.course}
${table<PlanReport>(FIGURES, plans, plan => [plan.plan, plan === winner])}
<details><summary>the plans</summary><ul class="small">${scenario.plans
    .map(plan => `<li><b>${escaped(planName(plan))}</b>: ${escaped(planText(plan))}</li>`)
    .join('')}</ul></details>
<details><summary>by phase: ${phases.map(escaped).join(', ')}</summary>
${phases
  .map(phase => {
    const rows = plans.flatMap(plan =>
      plan.phases.filter(each => each.phase === phase).map(each => ({ plan, ...each }))
    )
    return `<p>${escaped(phase)}</p>${table<Figures & { plan: PlanReport }>(PHASE_FIGURES, rows, ({ plan }) => [plan.plan, plan === winner])}`
  })
  .join('\n')}</details>
<p class="small">${companionsText(plans)
    .map(said => `${escaped(said)}<br>`)
    .join(
      ''
    )}right: of all queries, one without a prediction counts as wrong · of reconstructed: right among the predictions that are not the
model's own result · exact: those that are · tasks, sent: for a query · runs wasted: whose result nobody used${escaped(source)}</p>
</section>`
}

function fidelitySection(fidelity: readonly Fidelity[]): string {
  const [head, ...rows] = [FIDELITY, ...fidelityRows(fidelity)].map((cells, i) =>
    cells.map(cell => (i === 0 ? `<th>${escaped(cell)}</th>` : `<td>${escaped(cell)}</td>`)).join('')
  )
  return `<section id="fidelity">
<h2>Is the simulator like the real thing?</h2>
<p class="lead">A scenario in which nothing goes wrong is run twice on real processes, with other arrivals and run times. The simulator is fitted on
the first run, and has to predict the second.</p>
<table><tr>${head}</tr>${rows.map(row => `<tr>${row}</tr>`).join('')}</table>
<p class="small">It predicts well when it is off by at most a fifth, or by at most twice of what the two real runs differ by.</p>
</section>`
}

/** What goes wrong, where and when. */
function faultsText({ faults = [], workload }: Scenario): string {
  const said = faults.map(({ kind, at = 0, for: lasts = Infinity, on }) => {
    const to = Math.min(at + lasts, workload.length)
    const count = on?.count ?? (on?.share === undefined ? 'all' : `${(100 * on.share).toFixed(0)}%`)
    const where = `${count} of ${on?.machines ?? 'the machines'}`
    return `<li>${escaped(FAULTS[kind])} (${kind}): ${escaped(where)}, ${at / 1000} to ${to / 1000} s</li>`
  })
  return said.length === 0 ? '<p class="small">No faults.</p>' : `<ul class="small">${said.join('')}</ul>`
}

function broken({ plans }: ScenarioReport): string {
  const violations = plans.flatMap(({ plan, violations }) => violations.map(violation => ({ plan, ...violation })))
  const items = violations.map(
    ({ plan, invariant, at, what }) =>
      `<li>${escaped(`${plan}, ${at.toFixed(1)} ms: ${INVARIANTS[invariant]}: ${what}`)}</li>`
  )
  return items.length === 0 ? '' : `<div class="broken">Broken promises:<ul>${items.join('')}</ul></div>`
}

function table<T>(
  columns: ReadonlyArray<FigureColumn<T>>,
  rows: readonly T[],
  name: (row: T) => [string, boolean]
): string {
  const head = columns.map(({ title }) => `<th>${title}</th>`).join('')
  const body = rows.map(row => {
    const [plan, wins] = name(row)
    const cells = columns.map(({ of }) => `<td>${of(row)}</td>`).join('')
    return `<tr${wins ? ' class="winner"' : ''}><td>${escaped(plan)}</td>${cells}</tr>`
  })
  return `<table><tr><th>plan</th>${head}</tr>${body.join('')}</table>`
}

function provenance({ commit, changed, versions, hardware, startedAt, wallSeconds }: Environment): string {
  const { processor, cores, memoryGiB, platform } = hardware
  const code = commit === undefined ? '' : `commit ${commit.slice(0, 12)}${changed ? ' with changes' : ''} · `
  return `<h2>Where this is from</h2>
<p class="small">${escaped(code)}splinemesh ${escaped(versions.splinemesh)}, Node ${escaped(versions.node)} · ${escaped(processor)}, ${cores} cores, ${memoryGiB} GiB, ${escaped(platform)}
· ${escaped(startedAt)}, ${wallSeconds.toFixed(0)} s. Simulated figures are the same for the same seed, on every run; those of real processes
are statistics of one run on this machine.</p>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
