import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { onnxUnderTest, RealFleet, rehearse, runReal } from '../../nodes/chaos/index.ts'
import { environment } from '../../nodes/index.ts'
import { runFigures, type Scenario } from '../../src/simulation/index.ts'
import { FEWEST, knownBy, library, measure, PLAN } from './selection.ts'

const DIGITS = fileURLToPath(new URL('../models/digits/', import.meta.url))
const POLICIES = ['random', 'C3', 'ours']
/** Seconds of the library are so much shorter on real processes. */
const SHORTER = 4

export interface SelectionRealOptions {
  scenario: string[]
  seed: number
  out: string
  json: boolean
}

/** p99 in ms by policy. */
type ByPolicy = Record<string, number>

/** Do policies come in the same order on real processes as in the simulator? All on the same processes, one after the other. */
export async function selectionReal({ scenario, seed, out, json }: SelectionRealOptions): Promise<void> {
  const startedAt = new Date()
  const figures = []
  for (const name of scenario) {
    const asked = shorter(await library(name))
    const simulated: ByPolicy = {}
    for (const policy of POLICIES) {
      simulated[policy] = (await measure(asked, planOf(policy), { seed, policy })).p99
    }
    figures.push({ scenario: name, simulated, real: await onProcesses(asked, seed) })
  }
  const settings = { scenarios: scenario, plan: PLAN, seed, shorter: SHORTER }
  const results = { figures, settings, environment: await environment(startedAt) }
  const file = path.join(out, 'selection-real.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${table(figures)}\nfigures: ${file}`)
}

async function onProcesses(scenario: Scenario, seed: number): Promise<ByPolicy> {
  const model = await onnxUnderTest({
    model: path.join(DIGITS, 'lenet5.onnx'),
    data: path.join(DIGITS, 'test-images.npy'),
    labels: path.join(DIGITS, 'test-labels.npy'),
    companions: new Map()
  })
  const { signal } = new AbortController()
  const models = [{ name: model.model.name, path: model.file }]
  const fleet = await RealFleet.start({ scenario, seed, models, signal })
  try {
    const init = { scenario, fleet, model, companions: new Map(), seed, signal }
    await rehearse([PLAN], init)
    const p99: ByPolicy = {}
    for (const policy of POLICIES) {
      const record = await runReal(planOf(policy), { ...init, known: () => knownBy(policy, seed) })
      p99[policy] = runFigures(record, scenario).latencyMs.p99
    }
    return p99
  } finally {
    await fleet.stop()
    await model.stop()
  }
}

function planOf(policy: string) {
  return policy === 'ours' ? FEWEST : PLAN
}

function shorter(scenario: Scenario): Scenario {
  const { workload, faults = [] } = scenario
  return {
    ...scenario,
    workload: { ...workload, length: workload.length / SHORTER },
    faults: faults.map(fault => ({
      ...fault,
      ...(fault.at !== undefined && { at: fault.at / SHORTER }),
      ...(fault.for !== undefined && { for: fault.for / SHORTER }),
      ...(fault.kind === 'slow-thermal' && { rise: fault.rise / SHORTER })
    }))
  }
}

function table(figures: ReadonlyArray<{ scenario: string; simulated: ByPolicy; real: ByPolicy }>): string {
  const head = ['p99 in ms', '', ...POLICIES, 'same order']
  const made = new Table({ head, style: { head: [], border: [], compact: true } })
  const order = (p99: ByPolicy): string => POLICIES.toSorted((a, b) => p99[a] - p99[b]).join()
  const cells = (p99: ByPolicy): string[] => POLICIES.map(policy => p99[policy].toFixed(0))
  for (const { scenario, simulated, real } of figures) {
    made.push([scenario, 'simulated', ...cells(simulated), ''])
    made.push(['', 'real', ...cells(real), order(simulated) === order(real) ? 'yes' : 'no'])
  }
  return made.toString()
}
