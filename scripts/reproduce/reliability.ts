import { element, type Svg, text } from '../demo/svg.ts'
import type { ConfidenceCell, ConfidenceFigures } from './confidence.ts'
import { mean } from './score.ts'

/** Bins of confidence before those with few predictions are joined. */
const BINS = 10
/** Predictions in a bin at least: of fewer, the share says little. */
export const LEAST = 1000

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

const SIDE = 180
const GAP = 56
const [LEFT, TOP] = [70, 86]
const BLUE = '#1f5fa8'
const INK = '#1f2430'
const GREY = '#9aa1ad'
const BAND = '#e4ecf6'
/** How far what is said may be off. */
const HONEST = 0.03

/** A square for each decoder and number of stragglers: what was said across, what was upwards. */
export function reliabilityPlot(title: string, { plans, settings }: ConfidenceFigures): Svg {
  const columns = plans[0].cells.length
  const width = LEFT + columns * (SIDE + GAP)
  const height = TOP + plans.length * (SIDE + GAP + 24) + 8
  const squares = plans.flatMap(({ title: name, cells }, row) => {
    const y = TOP + row * (SIDE + GAP + 24)
    return [
      text(LEFT, y - 26, name, { 'font-weight': 'bold' }),
      ...cells.map((cell, column) => square(cell, LEFT + column * (SIDE + GAP), y))
    ]
  })
  const head =
    `${title}, (N, K) = (${settings.n}, ${settings.k}): of reconstructed test predictions, how often the class is the ` +
    'model’s own, over how sure the profile was'
  const note = `each dot a bin of at least ${LEAST} predictions, its area their number; band: within ${HONEST}`
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, fill: INK },
    element('rect', { width, height, fill: '#ffffff' }),
    element(
      'g',
      { 'font-family': 'system-ui, Helvetica, Arial, DejaVu Sans, sans-serif', 'font-size': 12 },
      text(LEFT, 24, head, { 'font-size': 14 }),
      text(LEFT, 42, note, { fill: '#6b7280' }),
      ...squares
    )
  )
}

function square(cell: ConfidenceCell, left: number, top: number): Svg {
  const x = (share: number) => left + share * SIDE
  const y = (share: number) => top + (1 - share) * SIDE
  const corners = [
    [0, 0],
    [0, HONEST],
    [1 - HONEST, 1],
    [1, 1],
    [1, 1 - HONEST],
    [HONEST, 0]
  ]
  const largest = cell.bins.reduce((most, { predictions }) => Math.max(most, predictions), 1)
  const dots = cell.bins.map(({ confidence, agreement, predictions }) =>
    element('circle', {
      cx: x(confidence),
      cy: y(agreement),
      r: 2.5 + 6 * Math.sqrt(predictions / largest),
      fill: BLUE,
      'fill-opacity': 0.75
    })
  )
  const ticks = [0, 0.5, 1].flatMap(share => [
    text(x(share), top + SIDE + 16, String(share), { 'text-anchor': 'middle', fill: GREY }),
    text(left - 6, y(share) + 4, String(share), { 'text-anchor': 'end', fill: GREY })
  ])
  const name = cell.stragglers === 'mixed' ? 'any stragglers' : `${cell.stragglers} stragglers`
  return element(
    'g',
    {},
    text(left, top - 8, `${name} · largest gap ${cell.gap.toFixed(3)}`),
    element('rect', { x: left, y: top, width: SIDE, height: SIDE, fill: 'none', stroke: GREY }),
    element('polygon', { points: corners.map(([a, b]) => `${x(a)},${y(b)}`).join(' '), fill: BAND }),
    element('line', { x1: x(0), y1: y(0), x2: x(1), y2: y(1), stroke: GREY }),
    ...ticks,
    ...dots
  )
}
