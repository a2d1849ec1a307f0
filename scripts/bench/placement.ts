import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { mean } from 'simple-statistics'
import { environment } from '../../nodes/index.ts'
import {
  type CalibratedCode,
  linearDecoder,
  type Moments,
  parseProfile,
  profileCode,
  profileDecoder
} from '../../src/codes/index.ts'
import { ANSWERS, type PlacementFigure, placementErrors, placementTable } from './placement-figures.ts'

const PROFILE = fileURLToPath(new URL('../chaos/scenarios/lenet5.profile.json', import.meta.url))

export interface PlacementOptions {
  out: string
  json: boolean
}

/** What it is worth which coded queries the better workers get, where all are mixtures: by the moments of the LeNet-5 of the digits. */
export async function placement({ out, json }: PlacementOptions): Promise<void> {
  const startedAt = new Date()
  const { plans } = parseProfile(await readFile(PROFILE, 'utf8'))
  const figures = plans.flatMap(plan => (profileCode(plan).systematic ? [] : figuresOf(plan)))
  const results = { figures, settings: { answers: ANSWERS }, environment: await environment(startedAt) }
  const file = path.join(out, 'placement.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${placementTable(figures)}\nfigures: ${file}`)
}

function figuresOf(plan: CalibratedCode): PlacementFigure[] {
  const { moments } = plan
  const code = profileCode(plan)
  const name = `${plan.code.name} ${code.k} → ${code.n}`
  const decoders = { linear: linearDecoder(code, { moments }), calibrated: profileDecoder(plan) }
  return Object.entries(decoders).map(([decoder, it]) => ({
    code: name,
    decoder,
    ...placementErrors(code, it, varianceOf(moments))
  }))
}

/** Of predictions, mean over the places in a group. */
function varianceOf({ n, k, matrix }: Moments): number {
  return mean(Array.from({ length: k }, (_, q) => matrix[(n + q) * (n + k) + n + q]))
}
