import Table from 'cli-table3'
import { mean } from 'simple-statistics'
import { type LinearCode, type LinearDecoder, leverages } from '../../src/codes/index.ts'

/** How probably a worker answers in time: one of the better half, and one of the others. */
export const ANSWERS = { better: 0.98, other: 0.75 }

/** Expected error of a decoded prediction, as a share of the variance of predictions, by which coded queries the better half gets. */
export interface PlacementErrors {
  /** The first half of the coded queries. */
  inOrder: number
  byLeverage: number
  /** Of all ways to choose half of them. */
  best: number
  mean: number
  worst: number
}

/** Exact: over all sets of workers that answer, weighed by their probability; where none answers there is nothing to decode. */
export function placementErrors(code: LinearCode, decoder: LinearDecoder, variance: number): PlacementErrors {
  const { n } = code
  const half = Math.floor(n / 2)
  const indices = Array.from({ length: n }, (_, i) => i)
  const errors = Array.from({ length: 2 ** n }, (_, set) => {
    const survivors = indices.filter(i => set & (1 << i))
    return survivors.length === 0 ? 0 : mean([...(decoder.select(survivors).variances ?? [])]) / variance
  })
  const sets = errors.map((_, set) => set)
  const expected = (better: number): number => expectedError(errors, better, n)
  const all = sets.filter(set => size(set) === half).map(expected)
  const worth = leverages(code)
  const firstHalf = (order: number[]): number => order.slice(0, half).reduce((set, i) => set | (1 << i), 0)
  return {
    inOrder: expected(firstHalf(indices)),
    byLeverage: expected(firstHalf(indices.toSorted((a, b) => worth[b] - worth[a]))),
    best: Math.min(...all),
    mean: mean(all),
    worst: Math.max(...all)
  }
}

/**
 * The mean of an error that depends on who answers, where at least one does.
 *
 * @param errors one for each of the 2^n sets of coded queries; bit i of its index stands for coded query i
 * @param better the set of those that the better workers have
 */
export function expectedError(errors: readonly number[], better: number, n: number): number {
  const others = 2 ** n - 1 - better
  const probability = (answered: number): number =>
    binomialTerm(size(answered & better), size(better), ANSWERS.better) *
    binomialTerm(size(answered & others), size(others), ANSWERS.other)
  const sum = errors.reduce((total, error, answered) => (answered === 0 ? 0 : total + error * probability(answered)), 0)
  return sum / (1 - probability(0))
}

/** The probability that just these `count` of `of` workers answer. */
function binomialTerm(count: number, of: number, probability: number): number {
  return probability ** count * (1 - probability) ** (of - count)
}

function size(set: number): number {
  let bits = 0
  for (let rest = set; rest !== 0; rest &= rest - 1) bits++
  return bits
}

export interface PlacementFigure extends PlacementErrors {
  code: string
  decoder: string
}

export function placementTable(figures: readonly PlacementFigure[]): string {
  const head = ['code', 'decoder', 'in order', 'by leverage', 'best of all', 'mean', 'worst', 'by leverage / in order']
  const grid = new Table({
    head,
    colAligns: head.map((_, i) => (i < 2 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true }
  })
  for (const { code, decoder, inOrder, byLeverage, best, mean, worst } of figures) {
    const errors = [inOrder, byLeverage, best, mean, worst].map(error => error.toFixed(4))
    grid.push([code, decoder, ...errors, (byLeverage / inOrder).toFixed(2)])
  }
  return `expected error of a prediction / variance of predictions, by what the better half of the workers gets\n${grid}`
}
