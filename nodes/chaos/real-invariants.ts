import type { Millis } from '../../src/inference/index.ts'
import type { Invariant, Scenario, Violation } from '../../src/simulation/index.ts'
import { allFinite, type Tensor } from '../../src/tensor/index.ts'
import type { FinalAnswer } from '../calls.ts'
import type { Peer } from '../peer.ts'

/** A terminal outcome may come so long after the deadline. */
const GRACE: Millis = 50

/** Streams of one connection that are always there: tasks, and what peers tell each other about themselves. */
const STREAMS = 4

/** A batch that was asked of a real master. */
export interface RealCall {
  /** Number of its first query. */
  first: number
  count: number
  askedAt: Millis
  endedAt: Millis
  answer: FinalAnswer | undefined
  /** Was the student on when it was asked? Absent where none learns. */
  studentOn?: boolean
}

export interface JudgeInit {
  scenario: Scenario
  /** The model's own answer to a query. */
  direct(query: number): Tensor
  /** The longest that the process of the master did not get a core, or was busy: its timers are late by that. */
  stallMs: Millis
}

/** What broke in a real run, as far as it can be seen from outside; a simulated one is looked at from inside too. */
export function judge(calls: readonly RealCall[], { scenario, direct, stallMs }: JudgeInit): Violation[] {
  const found: Violation[] = []
  const lying = scenario.faults?.some(({ kind }) => kind === 'wrong') === true
  for (const { first, count, askedAt, endedAt, answer } of calls) {
    const broken = (invariant: Invariant, what: string): void => {
      found.push({ invariant, at: endedAt, what: `the batch asked at ${askedAt.toFixed(1)} ms: ${what}` })
    }
    if (answer?.outcomes.length !== count) {
      broken('one-outcome', `${answer?.outcomes.length ?? 0} outcomes for ${count} queries`)
      continue
    }
    if (endedAt > askedAt + scenario.deadline + GRACE + stallMs) {
      broken(
        'in-time',
        `it took ${(endedAt - askedAt).toFixed(1)} ms, and the event loop never stalled longer than ${stallMs.toFixed(1)} ms`
      )
    }
    answer.outcomes.forEach((outcome, position) => {
      if (outcome.status === 'failed') {
        return
      }
      if (!allFinite(outcome.output)) {
        broken('finite', `prediction ${position} is not finite`)
      }
      if (outcome.status === 'exact' && !lying && !same(outcome.output, direct(first + position))) {
        broken('own-result', `prediction ${position} is said to be exact, and is not the model's own`)
      }
    })
  }
  return found
}

function same(a: Tensor, b: Tensor): boolean {
  return Buffer.compare(a.bytes, b.bytes) === 0
}

/** Streams that should have been closed. */
export function leakedStreams(peer: Peer, at: Millis): Violation[] {
  return peer.libp2p
    .getConnections()
    .filter(({ streams }) => streams.length > STREAMS)
    .map(({ remotePeer, streams }) => ({
      invariant: 'nothing-held',
      at,
      what: `${streams.length} streams to ${remotePeer} are open: ${streams.map(({ protocol }) => protocol).join(', ')}`
    }))
}
