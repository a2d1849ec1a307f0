import Table from 'cli-table3'
import { max, median, quantile } from 'simple-statistics'

/** ONNX Runtime's time as a share of ours: how much of its speed we have. */
const SPEED = { photos: 0.6, small: 0.4 }
const DECODE_MS = 1
const BLOCK_MS = 8
const PLAN_MS = 2

/** Times in ms, by kind. */
export interface Measured {
  photos: Beside
  small: Beside
  turns: Record<'photos' | 'large' | 'small', Turns>
  decoding: Record<'spline' | 'covariance', number[]>
  planning: number[]
  construction: Record<'code' | 'covariance', number[]>
}

type Beside = Record<'ours' | 'onnx', number[]>

/** Times of turns, and the longest pauses of turns as long in which nothing was done. */
export type Turns = Record<'ours' | 'idle', number[]>

interface Figure {
  what: string
  p50: number
  p99: number
  max: number
  /** Of turns: the same less what the machine took away from idle ones. */
  net?: { p50: number; p99: number; max: number }
  /** Of encoding: ONNX Runtime's median in the same rounds, as a share of ours; and quartiles of the ratio round by round. */
  onnx?: { p50: number; speed: number; speedOfRounds: [number, number, number] }
  /** What is asked, in words, and whether it holds; absent where nothing is. */
  target?: { asked: string; holds: boolean }
}

export function codesFigures({ photos, small, turns, decoding, planning, construction }: Measured): Figure[] {
  return [
    encoded('encode 8 → 20 × 150,528', photos, SPEED.photos),
    encoded('encode 20 → 100 × 3,072', small, SPEED.small),
    turn('ask 8 → 20 × 150,528, one turn of it', turns.photos),
    turn('ask 20 → 100 × 150,528, one turn of it', turns.large),
    turn('ask 20 → 100 × 3,072, one turn of it', turns.small),
    medianAtMost('decode new 80 of 100 → 20 × 10, spline', decoding.spline, DECODE_MS),
    medianAtMost('decode new 80 of 100 → 20 × 10, covariance', decoding.covariance, DECODE_MS),
    medianAtMost('plan the spare workers, (100, 20), copies or descriptions', planning, PLAN_MS),
    timed('make a code and its decoder, (100, 20)', construction.code),
    timed('make a covariance decoder of a Gram matrix', construction.covariance)
  ]
}

function timed(what: string, times: number[]): Figure {
  return { what, ...spread(times) }
}

function medianAtMost(what: string, times: number[], most: number): Figure {
  const figure = timed(what, times)
  return { ...figure, target: { asked: `p50 ≤ ${most} ms`, holds: figure.p50 <= most } }
}

/** For what must not hold up everything else even once in a while. */
function turn(what: string, { ours, idle }: Turns): Figure {
  const [all, pauses] = [spread(ours), spread(idle)]
  const net = { p50: all.p50 - pauses.p50, p99: all.p99 - pauses.p99, max: all.max - pauses.max }
  return { what, ...all, net, target: { asked: `net p99 ≤ ${BLOCK_MS} ms`, holds: net.p99 <= BLOCK_MS } }
}

function spread(times: number[]): { p50: number; p99: number; max: number } {
  return { p50: median(times), p99: quantile(times, 0.99), max: max(times) }
}

function encoded(what: string, { ours, onnx }: Beside, least: number): Figure {
  const figure = timed(what, ours)
  const p50 = median(onnx)
  const speed = p50 / figure.p50
  const ratios = ours.map((time, round) => onnx[round] / time)
  const speedOfRounds: [number, number, number] = [quantile(ratios, 0.25), median(ratios), quantile(ratios, 0.75)]
  const target = { asked: `≥ ${least} × ONNX Runtime`, holds: speed >= least }
  return { ...figure, onnx: { p50, speed, speedOfRounds }, target }
}

/** The figures for people. */
export function codesTable(figures: readonly Figure[]): string {
  const grid = new Table({
    head: [
      '',
      'p50\nms',
      'p99\nms',
      'max\nms',
      'less idle\np50 p99 max',
      'ONNX Runtime\np50 ms',
      'our speed\n× theirs',
      'in rounds\nquartiles',
      'asked',
      ''
    ],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'left', 'left'],
    style: { head: [], border: [] }
  })
  for (const { what, p50, p99, max, net, onnx, target } of figures) {
    grid.push([
      what,
      p50.toFixed(3),
      p99.toFixed(3),
      max.toFixed(3),
      net === undefined ? '' : [net.p50, net.p99, net.max].map(each => each.toFixed(1)).join(' '),
      onnx?.p50.toFixed(3) ?? '',
      onnx?.speed.toFixed(2) ?? '',
      onnx?.speedOfRounds.map(each => each.toFixed(2)).join(' ') ?? '',
      target?.asked ?? '',
      target === undefined ? '' : target.holds ? 'met' : 'missed'
    ])
  }
  return grid.toString()
}
