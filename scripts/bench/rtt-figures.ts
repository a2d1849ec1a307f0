import Table from 'cli-table3'
import { median, quantile } from 'simple-statistics'
import type { Kind } from './round-trips.ts'

/** The target of a task beside the bare stream: one of the two is enough. */
const TARGET = { ratio: 1.3, differenceMs: 0.15 }

/** Round trips in ms, by kind: a list for each block, in the order in which the blocks took turns. */
export type Samples = Record<Kind, number[][]>

export interface RttFigures {
  requests: number
  /** By kind; `ratio` and `differenceMs` are those of its median to that of `bare`. */
  kinds: Record<Kind, { p50: number; p99: number; ratio: number; differenceMs: number; ratioOfBlocks: Quartiles }>
  target: typeof TARGET & { holds: boolean }
}

/** Of the ratios of the medians of blocks that followed one another: how much the ratio owes to the machine's other work. */
type Quartiles = [number, number, number]

export function rttFigures(samples: Samples): RttFigures {
  const kinds = { bare: beside(samples, 'bare'), infer: beside(samples, 'infer'), master: beside(samples, 'master') }
  const { ratio, differenceMs } = kinds.infer
  const holds = ratio <= TARGET.ratio || differenceMs <= TARGET.differenceMs
  return { requests: samples.infer.flat().length, kinds, target: { ...TARGET, holds } }
}

function beside(samples: Samples, kind: Kind): RttFigures['kinds'][Kind] {
  const times = samples[kind].flat()
  const bare = median(samples.bare.flat())
  const p50 = median(times)
  const ratios = samples[kind].map((block, i) => median(block) / median(samples.bare[i]))
  return {
    p50,
    p99: quantile(times, 0.99),
    ratio: p50 / bare,
    differenceMs: p50 - bare,
    ratioOfBlocks: [quantile(ratios, 0.25), median(ratios), quantile(ratios, 0.75)]
  }
}

const NAMES: Record<Kind, string> = {
  bare: 'bare libp2p stream',
  infer: 'infer: submit to result',
  master: 'peer.infer: K = N = 1'
}

/** The figures for people. */
export function rttTable({ requests, kinds, target }: RttFigures): string {
  const grid = new Table({
    head: ['3 KB there and back', 'p50\nms', 'p99\nms', '× bare', '+ bare\nms', '× bare in blocks\nquartiles'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] }
  })
  for (const kind of ['bare', 'infer', 'master'] as const) {
    const { p50, p99, ratio, differenceMs, ratioOfBlocks } = kinds[kind]
    grid.push([
      NAMES[kind],
      p50.toFixed(3),
      p99.toFixed(3),
      ratio.toFixed(2),
      differenceMs.toFixed(3),
      ratioOfBlocks.map(each => each.toFixed(2)).join(' ')
    ])
  }
  const asked = `infer at most ${target.ratio}× bare, or at most ${target.differenceMs} ms more`
  return `${grid}\n${requests} sequential requests of each kind\ntarget (${asked}): ${target.holds ? 'met' : 'missed'}`
}
