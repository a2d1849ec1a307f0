import { mean, standardDeviation } from 'simple-statistics'
import type { Millis } from '../../src/inference/index.ts'
import {
  planName,
  runFigures,
  type Scenario,
  type ScenarioPlan,
  simulate,
  timedModel
} from '../../src/simulation/index.ts'
import type { MachineProcess } from './machine-process.ts'
import { figuresByPlan } from './plan-companions.ts'
import { type RealRunInit, type RealRunRecord, runReal } from './run-real.ts'

/** The shortest time on the network that is made out, in ms. */
const LEAST = 0.1

/** What is compared of each run, in ms. */
export interface Quantiles {
  p50: number
  p90: number
}

/** How well the simulator, fitted on one real run, predicts another. */
export interface Fidelity {
  scenario: string
  plan: string
  /** The run that it was fitted on, the one that it had to predict, and what it predicted. */
  fittedOn: Quantiles
  actual: Quantiles
  predicted: Quantiles
}

/**
 * Runs a plan twice on real processes, with different arrivals and run times, fits the machines of the simulator on the first run,
 * and simulates the second.
 */
export async function fidelity(plan: ScenarioPlan, init: RealRunInit): Promise<Fidelity> {
  const { scenario, fleet, seed, model, companions } = init
  const first = await runReal(plan, init)
  const second = await runReal(plan, { ...init, seed: seed + 1 })
  const fitted = fit(scenario, fleet, first)
  const timed = timedModel(
    { ...scenario.model, input: model.input, output: model.output },
    { companions: figuresByPlan(companions) }
  )
  const simulated = await simulate(fitted, plan, { seed: seed + 1, model: timed })
  const quantiles = (record: Pick<RealRunRecord, 'queries' | 'groups' | 'runs' | 'violations'>): Quantiles => {
    const { p50, p90 } = runFigures(record, scenario).latencyMs
    return { p50, p90 }
  }
  return {
    scenario: scenario.name,
    plan: planName(plan),
    fittedOn: quantiles(first),
    actual: quantiles(second),
    predicted: quantiles(simulated)
  }
}

/**
 * The scenario with machines that behave as they did. Runs are log-normal, with the mean and spread of all that the machines ended:
 * of those that the master waited for, the slow ones are missing. The network, log-normal too, takes what is left of the round trips
 * that the master saw, half of it each way.
 */
export function fit(
  scenario: Scenario,
  { machines }: { machines: ReadonlyArray<Pick<MachineProcess, 'peer' | 'machines'>> },
  { reports, runTimes }: Pick<RealRunRecord, 'reports' | 'runTimes'>
): Scenario {
  const groupOf = new Map(machines.map(({ peer, machines }) => [peer, machines]))
  const ways = new Map<string, Millis[]>()
  for (const { worker, submittedAt, endedAt, timings } of reports.flatMap(({ tasks }) => tasks)) {
    const group = groupOf.get(worker)
    if (group !== undefined && timings !== undefined && endedAt !== undefined) {
      // What is measured by two clocks may come out below nothing.
      const left = Math.max(endedAt - submittedAt - timings.queue - timings.run, LEAST)
      ways.set(group, [...(ways.get(group) ?? []), left])
    }
  }
  const cost = scenario.model.cost ?? 1
  return {
    ...scenario,
    fleet: scenario.fleet.map(group => {
      const runs = runTimes.get(group.name) ?? []
      const both = ways.get(group.name) ?? []
      return runs.length < 2 || both.length < 2
        ? group
        : {
            ...group,
            service: mean(runs) / cost,
            jitter: standardDeviation(runs.map(Math.log)),
            latency: mean(both) / 2,
            latencyJitter: oneWay(standardDeviation(both.map(Math.log)))
          }
    })
  }
}

/** σ of each of two independent log-normal times of one mean whose sum has this σ: variances add up. */
function oneWay(sigma: number): number {
  return Math.sqrt(Math.log1p(2 * Math.expm1(sigma * sigma)))
}

/** The prediction is right within a fifth, or within twice of what the two real runs differ by. */
export function holds({ fittedOn, actual, predicted }: Fidelity, quantile: keyof Quantiles): boolean {
  const off = Math.abs(predicted[quantile] - actual[quantile])
  return off <= 0.2 * actual[quantile] || off <= 2 * Math.abs(fittedOn[quantile] - actual[quantile])
}
