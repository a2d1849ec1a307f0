import type { Advice, AdvisedPlan } from './advise.ts'
import type { FleetFacts } from './stragglers.ts'

/**
 * Why this plan: what it gives in this fleet, and what the best plan of another code would; all copies count as one code, those
 * beside a student as another.
 */
export function reason({ plans, recommended, fleet }: Omit<Advice, 'reason'> & { fleet: FleetFacts }): string {
  const rival = plans.find(plan => kind(plan) !== kind(recommended))
  return `${named(recommended)}: at ${fleetText(fleet)} it gives ${given(recommended)}${rival ? rivalText(rival, recommended) : ''}`
}

function rivalText(rival: AdvisedPlan, { overhead }: AdvisedPlan): string {
  const ratio = rival.overhead / overhead
  const price = ratio === 1 ? '' : `, for ${Number(ratio.toPrecision(2))} times the runs`
  return `; the next best, ${named(rival)}, ${figure(rival)}${price}`
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

function named({ code, student }: AdvisedPlan): string {
  return `${title(code)}${student ? ' beside a student' : ''} (k ${code.k}, n ${code.n})`
}

function kind({ code, calibrated, student }: AdvisedPlan): string {
  return calibrated === undefined ? `copies${student ? ' beside a student' : ''}` : title(code)
}

function title({ name, layout }: AdvisedPlan['code']): string {
  return layout === 'systematic' ? `systematic ${name}` : name
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
