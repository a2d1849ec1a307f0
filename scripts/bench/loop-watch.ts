import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'

/** Delays of the event loop in ms, seen at a resolution of 1 ms. */
export async function delaysDuring(run: () => Promise<unknown>): Promise<{ p50: number; p99: number }> {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  await run()
  // the turn that ended it is counted too
  await sleep(2)
  delays.disable()
  return { p50: delays.percentile(50) / 1e6, p99: delays.percentile(99) / 1e6 }
}

/** The longest turn of the event loop, all that other parts of the process did in it included, in ms of its own. */
export async function longestTurnDuring(run: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let began = moment()
  const measureTurn = (): void => {
    longest = Math.max(longest, ownMsSince(began))
    began = moment()
    turn = setImmediate(measureTurn)
  }
  let turn = setImmediate(measureTurn)
  await run()
  await sleep(2)
  clearImmediate(turn)
  return longest
}

/** The longest pause for the collection of garbage, in ms. */
export async function longestCollectionDuring(run: () => Promise<unknown>): Promise<number> {
  let longest = 0
  const observer = new PerformanceObserver(list => {
    longest = Math.max(longest, ...list.getEntries().map(({ duration }) => duration))
  })
  observer.observe({ entryTypes: ['gc'] })
  await run()
  await sleep(2)
  observer.disconnect()
  return longest
}

/**
 * How long sending holds the event loop: from the first send of a callback to the end of all that follows from it without the
 * loop having turned.
 */
export class SendSections {
  /** In ms of its own. */
  longest = 0
  #began?: Moment

  watch(stream: Stream): void {
    const send = stream.send.bind(stream)
    stream.send = bytes => {
      this.begin()
      return send(bytes)
    }
  }

  /** A section begins with this too. */
  begin(): void {
    if (this.#began !== undefined) {
      return
    }
    const began = moment()
    this.#began = began
    // after the microtasks that there are, and those that come of them
    queueMicrotask(() => {
      process.nextTick(() => {
        this.longest = Math.max(this.longest, ownMsSince(began))
        this.#began = undefined
      })
    })
  }
}

interface Moment {
  clock: number
  /** This thread's processor time, in ms. */
  own: number
  /** How often a thread of this process lost the processor or gave it up. */
  switches: number
}

function moment(): Moment {
  const { user, system } = process.threadCpuUsage()
  const { involuntaryContextSwitches, voluntaryContextSwitches } = process.resourceUsage()
  const switches = involuntaryContextSwitches + voluntaryContextSwitches
  return { clock: performance.now(), own: (user + system) / 1000, switches }
}

/** Linux counts processor time in ticks of some ms: the clock is better, but for what had to wait for the processor. */
function ownMsSince(began: Moment): number {
  // before the switches are read: one that comes between is no wait of this time
  const clock = performance.now()
  const { switches, own } = moment()
  return switches === began.switches ? clock - began.clock : own - began.own
}
