import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { ConfidenceFigures } from './confidence.ts'
import { mean } from './score.ts'

/** Bins of confidence before those with few predictions are joined. */
const BINS = 10
/** Predictions in a bin at least: of a thousand, the standard error of a share is up to .016, too much to tell .03 by. */
export const LEAST = 2000

/** Predictions of about the same confidence. */
export interface Bin {
  predictions: number
  /** The mean of what was said. */
  confidence: number
  /** The share whose class is the model's own. */
  agreement: number
}

/** Ten bins of equal width, each joined with the next as long as it has too few; none where all together are too few. */
export function bins(all: readonly { confidence: number; agrees: boolean }[]): Bin[] {
  const wide = Array.from({ length: BINS }, (_, b) =>
    all.filter(({ confidence }) => Math.min(BINS - 1, Math.floor(confidence * BINS)) === b)
  )
  const joined: (typeof wide)[number][] = []
  for (const bin of wide) {
    const last = joined[joined.length - 1]
    if (last !== undefined && last.length < LEAST) last.push(...bin)
    else joined.push(bin)
  }
  const short = joined[joined.length - 1]
  if (short.length < LEAST && joined.length > 1) joined[joined.length - 2].push(...(joined.pop() ?? []))
  return joined
    .filter(bin => bin.length >= LEAST)
    .map(bin => ({
      predictions: bin.length,
      confidence: mean(bin.map(({ confidence }) => confidence)),
      agreement: mean(bin.map(({ agrees }) => Number(agrees)))
    }))
}

/** How far what is said may be off. */
const HONEST = 0.03
const SIDE = 210
/** The band of what is honest. */
const BAND = [0, HONEST, 1 - HONEST, 1].map(said => ({
  said,
  low: Math.max(0, said - HONEST),
  high: Math.min(1, said + HONEST)
}))

/** A square for each decoder and number of stragglers, as SVG: what was said across, what was upwards. */
export function reliabilityPlot(title: string, { plans, settings }: ConfidenceFigures): string {
  const cells = plans.flatMap(({ title: decoder, cells }) =>
    cells.map(({ bins, stragglers, gap }) => {
      const name = stragglers === 'mixed' ? 'any stragglers' : `${stragglers} stragglers`
      return { decoder, name, bins, text: `${decoder}\nlargest gap ${gap.toFixed(3)}` }
    })
  )
  const dots = cells.flatMap(({ bins, decoder, name }) => bins.map(bin => ({ ...bin, decoder, name })))
  const names = new Set(cells.map(({ name }) => name))
  const square = { fx: 'name', fy: 'decoder' }
  const head =
    `${title}, (N, K) = (${settings.n}, ${settings.k}): reconstructed test predictions, ` +
    `each dot ${LEAST} or more of them; band: within ${HONEST}`
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const svg = Plot.plot({
    document,
    width: 60 + SIDE * names.size,
    height: 110 + SIDE * plans.length,
    margin: 45,
    marginTop: 70,
    marginRight: 15,
    style: { fontSize: '12px', fontFamily: 'system-ui, Helvetica, Arial, sans-serif', background: 'white' },
    x: { domain: [0, 1], ticks: [0, 0.5, 1], label: 'how sure the profile was →' },
    y: { domain: [0, 1], ticks: [0, 0.5, 1], label: '↑ how often the class was the model’s own' },
    fx: { domain: names, label: null, padding: 0.12 },
    fy: { axis: null, padding: 0.08 },
    r: { range: [2, 9] },
    marks: [
      Plot.frame({ stroke: '#9aa1ad' }),
      Plot.areaY(BAND, { x: 'said', y1: 'low', y2: 'high', fill: '#1f5fa8', fillOpacity: 0.15 }),
      Plot.line(BAND, { x: 'said', y: 'said', stroke: '#9aa1ad' }),
      Plot.dot(dots, {
        ...square,
        x: 'confidence',
        y: 'agreement',
        r: 'predictions',
        fill: '#1f5fa8',
        fillOpacity: 0.75
      }),
      Plot.text(cells, { ...square, text: 'text', frameAnchor: 'bottom-right', dx: -6, dy: -6 }),
      Plot.text([head], { facet: 'super', frameAnchor: 'top-left', dy: -48, fontSize: 14 })
    ]
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return svg.outerHTML
}
