import type { Advice, AdvisedPlan } from './advise.ts'
import type { FleetFacts } from './stragglers.ts'

/**
 * Why this plan: what it gives in this fleet, and what the best plan of another code would; all copies count as one code, those
 * beside a companion as others.
 */
export function reason({ plans, recommended, fleet }: Omit<Advice, 'reason'> & { fleet: FleetFacts }): string {
  const rival = plans.find(plan => kind(plan) !== kind(recommended))
  return `${named(recommended)}: at ${fleetText(fleet)} it gives ${given(recommended)}${rival ? rivalText(rival, recommended) : ''}`
}

function rivalText(rival: AdvisedPlan, recommended: AdvisedPlan): string {
  const ratio = Number((rival.overhead / recommended.overhead).toPrecision(2))
  const price = ratio === 1 ? '' : `, for ${ratio} times the runs`
  return `; the next best, ${named(rival)}, ${figure(rival)}${price}${differsWorse(rival, recommended) ? ', the others further off' : ''}`
}

/** Does it agree more often, and yet cost more where it does not? */
function differsWorse(rival: AdvisedPlan, { agreement, regret }: AdvisedPlan): boolean {
  const agreesMore = (rival.agreement?.overall ?? 0) > (agreement?.overall ?? 0)
  return agreesMore && (rival.regret?.overall ?? 0) > (regret?.overall ?? 0)
}

function fleetText({ workers, stragglers }: FleetFacts): string {
  const who = workers === 1 ? '1 worker' : `${workers} workers`
  if ('share' in stragglers) return `${who} and ${Number((100 * stragglers.share).toFixed(1))}% stragglers`
  return `${who} and ${stragglers.count} straggler${stragglers.count === 1 ? '' : 's'}`
}

function given(plan: AdvisedPlan): string {
  return plan.agreement === undefined
    ? `predictions with a squared error of ${figure(plan)}`
    : `${figure(plan)} of the model's own answers`
}

function figure({ agreement, mse }: AdvisedPlan): string {
  return agreement === undefined ? mse.overall.toPrecision(3) : percent(agreement.overall)
}

function named(plan: AdvisedPlan): string {
  return `${planTitle(plan)} (k ${plan.code.k}, n ${plan.code.n})`
}

function kind(plan: AdvisedPlan): string {
  const copies = plan.calibrated === undefined && plan.code.name !== 'parm'
  return copies ? `copies${beside(plan)}` : title(plan.code)
}

/** Its code, and the companions beside it. */
export function planTitle(plan: AdvisedPlan): string {
  return `${title(plan.code)}${beside(plan)}`
}

function beside({ student, description, exits }: AdvisedPlan): string {
  const companions = [
    ...(student ? ['a student'] : []),
    ...(description ? ['descriptions'] : []),
    ...(exits ? ['exits'] : [])
  ]
  return companions.length === 0 ? '' : ` beside ${companions.join(' and ')}`
}

function title({ name, layout }: AdvisedPlan['code']): string {
  return layout === 'systematic' ? `systematic ${name}` : name
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
