import Table from 'cli-table3'
import { median, quantile } from 'simple-statistics'

/** Round trip of a task beside the bare stream: one of the first two is enough; and its share of the bare throughput. */
const TARGET = { ratio: 1.15, differenceMs: 0.15, throughput: 0.9 }

/** Measurements of one way at one size, in blocks that took turns with those of the other ways. */
export interface Series {
  size: string
  way: string
  /** The way it is judged beside; absent for what is itself bare. */
  beside?: string
  /** Round trips in ms, or MB/s. */
  blocks: number[][]
}

/** Of the ratios of the medians of blocks that followed one another: how much the ratio owes to the machine's other work. */
type Quartiles = [number, number, number]

export interface Figure {
  size: string
  way: string
  count: number
  p50: number
  /** The worst in a hundred: of round trips the longest, of throughputs the least. */
  p99: number
  /** By the medians. */
  beside?: { way: string; ratio: number; difference: number; ratioOfBlocks: Quartiles; holds: boolean }
}

export interface WireFigures {
  /** In ms. */
  trips: Figure[]
  /** In MB/s. */
  throughput: Figure[]
  target: typeof TARGET
}

export function wireFigures(trips: readonly Series[], throughput: readonly Series[]): WireFigures {
  return {
    trips: trips.map(each =>
      figure(each, trips, 0.99, (ratio, ms) => ratio <= TARGET.ratio || ms <= TARGET.differenceMs)
    ),
    throughput: throughput.map(each => figure(each, throughput, 0.01, ratio => ratio >= TARGET.throughput)),
    target: TARGET
  }
}

function figure(
  { size, way, beside, blocks }: Series,
  all: readonly Series[],
  worst: number,
  holds: (ratio: number, difference: number) => boolean
): Figure {
  const values = blocks.flat()
  const p50 = median(values)
  const own = { size, way, count: values.length, p50, p99: quantile(values, worst) }
  const bare = all.find(other => other.size === size && other.way === beside)
  if (bare === undefined) {
    return own
  }
  const [ratio, difference] = [p50 / median(bare.blocks.flat()), p50 - median(bare.blocks.flat())]
  const ratios = blocks.map((block, i) => median(block) / median(bare.blocks[i]))
  const ratioOfBlocks: Quartiles = [quantile(ratios, 0.25), median(ratios), quantile(ratios, 0.75)]
  return { ...own, beside: { way: bare.way, ratio, difference, ratioOfBlocks, holds: holds(ratio, difference) } }
}

/** The figures for people. */
export function wireTables({ trips, throughput, target }: WireFigures): string {
  const asked = `at most ${target.ratio}× bare or ${target.differenceMs} ms more; throughput at least ${target.throughput}×`
  return `${table('there and back', 'ms', 3, trips)}\n${table('one way', 'MB/s', 0, throughput)}\ntarget of infer: ${asked}`
}

function table(what: string, unit: string, digits: number, figures: readonly Figure[]): string {
  const grid = new Table({
    head: [
      what,
      '',
      `p50\n${unit}`,
      `p99\n${unit}`,
      '× bare',
      `+ bare\n${unit}`,
      '× bare in blocks\nquartiles',
      'target'
    ],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true }
  })
  for (const { size, way, p50, p99, beside } of figures) {
    const cells = beside && [
      beside.ratio.toFixed(2),
      beside.difference.toFixed(digits),
      beside.ratioOfBlocks.map(each => each.toFixed(2)).join(' '),
      beside.holds ? 'met' : 'missed'
    ]
    grid.push([size, way, p50.toFixed(digits), p99.toFixed(digits), ...(cells ?? ['', '', '', ''])])
  }
  return grid.toString()
}
