import Table from 'cli-table3'
import { mean, median, quantile } from 'simple-statistics'
import type { RowsTime } from '../../src/runtime/index.ts'

/** Blocks of tasks with so many in flight, by kind, in the order in which they took turns; times in ms. */
export interface BatchingSamples {
  inFlight: number
  /** In each block. */
  tasks: number
  apart: Block[]
  shared: Block[]
}

interface Block {
  blockMs: number
  taskMs: number[]
}

interface Kind {
  /** Median over the blocks. */
  tasksPerSecond: number
  meanMs: number
  p99Ms: number
}

export interface BatchingFigures {
  /** What the queue knows of the model: empty where tasks never share a run. */
  batchTimes: readonly RowsTime[]
  inFlight: Array<{
    inFlight: number
    apart: Kind
    shared: Kind
    /** Of the throughput, block by block: quartiles. */
    ratioOfBlocks: [number, number, number]
  }>
}

export function batchingFigures(samples: readonly BatchingSamples[], batchTimes: readonly RowsTime[]): BatchingFigures {
  return {
    batchTimes,
    inFlight: samples.map(({ inFlight, tasks, apart, shared }) => {
      const ratios = shared.map(({ blockMs }, i) => apart[i].blockMs / blockMs)
      return {
        inFlight,
        apart: kind(apart, tasks),
        shared: kind(shared, tasks),
        ratioOfBlocks: [quantile(ratios, 0.25), median(ratios), quantile(ratios, 0.75)]
      }
    })
  }
}

function kind(blocks: readonly Block[], tasks: number): Kind {
  const times = blocks.flatMap(({ taskMs }) => taskMs)
  return {
    tasksPerSecond: (1000 * tasks) / median(blocks.map(({ blockMs }) => blockMs)),
    meanMs: mean(times),
    p99Ms: quantile(times, 0.99)
  }
}

/** The figures for people. */
export function batchingTable(model: string, { batchTimes, inFlight }: BatchingFigures): string {
  const grid = new Table({
    head: [
      'tasks in\nflight',
      'apart\ntasks/s',
      'shared\ntasks/s',
      '× in blocks\nquartiles',
      'apart ms\nmean',
      'shared ms\nmean',
      'apart ms\np99',
      'shared ms\np99'
    ],
    colAligns: Array.from({ length: 8 }, () => 'right'),
    style: { head: [], border: [] }
  })
  for (const { inFlight: count, apart, shared, ratioOfBlocks } of inFlight) {
    grid.push([
      count,
      apart.tasksPerSecond.toFixed(0),
      shared.tasksPerSecond.toFixed(0),
      ratioOfBlocks.map(ratio => ratio.toFixed(2)).join(' '),
      ...[apart.meanMs, shared.meanMs, apart.p99Ms, shared.p99Ms].map(ms => ms.toFixed(2))
    ])
  }
  const known = batchTimes.map(({ rows, ms }) => `${rows}: ${ms.toFixed(2)}`).join(', ')
  const measured =
    known === '' ? 'its tasks never share a run' : `ms of a run by rows, as measured at the start: ${known}`
  return `${grid}\n${model}: ${measured}`
}
