import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { onnxUnderTest, RealFleet, rehearse, runReal } from '../../nodes/chaos/index.ts'
import { environment } from '../../nodes/index.ts'
import { runFigures, type Scenario } from '../../src/simulation/index.ts'
import { FEWEST, knownBy, library, measure, PLAN } from './selection.ts'
import { type ByPolicy, orderTable, type RealRun } from './selection-order.ts'
import { POLICIES } from './selection-policies.ts'

const DIGITS = fileURLToPath(new URL('../models/digits/', import.meta.url))
const COMPARED = [...Object.keys(POLICIES), 'ours']
/** Seconds of the library are so much shorter on real processes. */
const SHORTER = 4

export interface SelectionRealOptions {
  scenario: string[]
  seed: number
  from?: string[]
  out: string
  json: boolean
}

interface Results {
  runs: RealRun[]
}

/**
 * Do policies come in the same order on real processes as in the simulator? All on the same processes, one after the other, with one
 * seed; what earlier runs wrote is counted too.
 */
export async function selectionReal({ scenario, seed, from = [], out, json }: SelectionRealOptions): Promise<void> {
  const startedAt = new Date()
  const earlier = await Promise.all(from.map(read))
  const runs = earlier.flatMap(results => results.runs)
  for (const name of from.length > 0 ? [] : scenario) {
    const asked = shorter(await library(name))
    const simulated: ByPolicy = {}
    for (const policy of COMPARED) {
      simulated[policy] = (await measure(asked, planOf(policy), { seed, policy })).p99
    }
    runs.push({ scenario: name, seed, simulated, real: await onProcesses(asked, seed) })
  }
  const settings = { plan: PLAN, shorter: SHORTER }
  const load = loadavg()
  const results = { runs, settings, environment: { ...(await environment(startedAt)), load } }
  const file = path.join(out, 'selection-real.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${orderTable(runs)}\nfigures: ${file}`)
}

async function read(file: string): Promise<Results> {
  return JSON.parse(await readFile(file, 'utf8'))
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
    for (const policy of COMPARED) {
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
