import { mean, median, standardDeviation } from 'simple-statistics'
import type { GroupReport, TaskTimings } from '../../src/inference/index.ts'
import {
  planName,
  runFigures,
  type Scenario,
  type ScenarioPlan,
  simulate,
  timedModel
} from '../../src/simulation/index.ts'
import type { RealFleet } from './real-fleet.ts'
import { type RealRunInit, type RealRunRecord, runReal } from './run-real.ts'

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
  const { scenario, fleet, seed, model, students = [] } = init
  const first = await runReal(plan, init)
  const second = await runReal(plan, { ...init, seed: seed + 1 })
  const fitted = fit(scenario, fleet, first.reports)
  const timed = timedModel(
    { ...scenario.model, input: model.input, output: model.output },
    { students: new Map([...students].map(([name, { profile }]) => [name, profile])) }
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
 * The scenario with machines that behave as they did: runs are log-normal with the mean and spread of those seen, and the network
 * takes the median of what was left of the round trips.
 */
export function fit(scenario: Scenario, { machines }: RealFleet, reports: readonly GroupReport[]): Scenario {
  const groupOf = new Map(machines.map(({ peer, machines }) => [peer, machines]))
  const timings = new Map<string, TaskTimings[]>()
  for (const task of reports.flatMap(({ tasks }) => tasks)) {
    const group = groupOf.get(task.worker)
    if (group !== undefined && task.timings !== undefined) {
      timings.set(group, [...(timings.get(group) ?? []), task.timings])
    }
  }
  const cost = scenario.model.cost ?? 1
  return {
    ...scenario,
    fleet: scenario.fleet.map(group => {
      const seen = timings.get(group.name) ?? []
      if (seen.length < 2) {
        return group
      }
      const runs = seen.map(({ run }) => run)
      return {
        ...group,
        service: mean(runs) / cost,
        jitter: standardDeviation(runs.map(Math.log)),
        latency: median(seen.map(({ network }) => network)) / 2
      }
    })
  }
}

/** The prediction is right within a fifth, or within twice of what the two real runs differ by. */
export function holds({ fittedOn, actual, predicted }: Fidelity, quantile: keyof Quantiles): boolean {
  const off = Math.abs(predicted[quantile] - actual[quantile])
  return off <= 0.2 * actual[quantile] || off <= 2 * Math.abs(fittedOn[quantile] - actual[quantile])
}
