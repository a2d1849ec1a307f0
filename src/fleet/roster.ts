import type { WorkerId } from './fleet.ts'
import { least } from './least.ts'

/** Of the places that are given out, so many go to workers that were not asked for longest, to see what became of them. */
const PROBED_SHARE = 0.05
/** Of the workers of a choice, so many may be ones that were never measured. */
const NEW_SHARE = 0.25

/** Costs of workers that are asked only when there are no others. */
export const LAST_RESORT = 1e12

/** What is asked of a roster. */
export interface Choice {
  count: number
  /** No more than so many of one failure domain, as long as there are others. @default no limit */
  mostPerDomain?: number
}

interface Entry {
  place: number
  domain: string | undefined
  /** Has it a cost of its own? */
  measured: boolean
}

/** The workers of one model by what a further task would cost there: a choice among thousands reads each cost once. */
export class Roster {
  readonly #entries = new Map<WorkerId, Entry>()
  readonly #ids: WorkerId[] = []
  #costs = new Float64Array(16)
  /** Workers in the order in which they were last asked, those never asked first. */
  readonly #asked = new Map<WorkerId, Entry>()
  readonly #unmeasured = new Set<WorkerId>()
  #probes = 0

  get size(): number {
    return this.#ids.length
  }

  add(worker: WorkerId, domain?: string): void {
    const known = this.#entries.get(worker)
    if (known !== undefined) {
      known.domain = domain
      return
    }
    const entry = { place: this.#ids.push(worker) - 1, domain, measured: false }
    if (entry.place === this.#costs.length) {
      const larger = new Float64Array(2 * this.#costs.length)
      larger.set(this.#costs)
      this.#costs = larger
    }
    this.#costs[entry.place] = LAST_RESORT
    this.#entries.set(worker, entry)
    this.#asked.set(worker, entry)
    this.#unmeasured.add(worker)
  }

  /** The last worker takes the place of the one that goes. */
  remove(worker: WorkerId): void {
    const entry = this.#entries.get(worker)
    if (entry === undefined) return
    const last = this.#ids.pop()
    if (last !== undefined && last !== worker) {
      this.#ids[entry.place] = last
      this.#costs[entry.place] = this.#costs[this.#ids.length]
      const moved = this.#entries.get(last)
      if (moved !== undefined) moved.place = entry.place
    }
    this.#entries.delete(worker)
    this.#asked.delete(worker)
    this.#unmeasured.delete(worker)
  }

  /** What a further task costs at a worker, once that is known; any unit, as long as all share it. */
  setCost(worker: WorkerId, cost: number): void {
    const entry = this.#entries.get(worker)
    if (entry === undefined) return
    this.#costs[entry.place] = cost
    this.#unmeasured.delete(worker)
  }

  /** A task went to a worker. */
  ask(worker: WorkerId): void {
    const entry = this.#entries.get(worker)
    if (entry === undefined) return
    this.#asked.delete(worker)
    this.#asked.set(worker, entry)
  }

  /**
   * The workers that cost least, best first; all of them where there are fewer. A bounded share of the places, the last ones, go
   * to workers that were never measured, and to those that were not asked for longest: what is not asked is not known.
   */
  choose({ count, mostPerDomain = Infinity }: Choice): WorkerId[] {
    const chosen = this.#cheapest(count, mostPerDomain)
    if (chosen.length < this.size) {
      const newcomers = this.#others(this.#unmeasured, chosen, Math.ceil(count * NEW_SHARE))
      this.#probes = Math.min(this.#probes + count * PROBED_SHARE, count)
      const unseen = this.#others(this.#asked.keys(), chosen.concat(newcomers), Math.floor(this.#probes))
      this.#probes -= unseen.length
      const tried = newcomers.concat(unseen).slice(0, Math.max(1, Math.floor(count / 2)))
      chosen.splice(chosen.length - tried.length, tried.length, ...tried)
    }
    return chosen
  }

  /** Domains are few against workers, so that looking at twice as many as are wanted is mostly enough. */
  #cheapest(count: number, mostPerDomain: number): WorkerId[] {
    for (let looked = mostPerDomain === Infinity ? count : 2 * count; ; looked *= 2) {
      const ids = least(this.#costs, this.size, looked).map(place => this.#ids[place])
      const spread = this.#spread(ids, mostPerDomain)
      if (spread.length >= count) return spread.slice(0, count)
      if (looked >= this.size) {
        // Better too many of one domain than too few workers.
        const left = ids.filter(id => !spread.includes(id))
        return [...spread, ...left].slice(0, count)
      }
    }
  }

  #spread(ids: readonly WorkerId[], mostPerDomain: number): WorkerId[] {
    const taken = new Map<string, number>()
    return ids.filter(id => {
      const domain = this.#entries.get(id)?.domain
      if (domain === undefined) return true
      const before = taken.get(domain) ?? 0
      taken.set(domain, before + 1)
      return before < mostPerDomain
    })
  }

  /** The first `count` of some workers that are not chosen yet. */
  #others(from: Iterable<WorkerId>, chosen: readonly WorkerId[], count: number): WorkerId[] {
    const others: WorkerId[] = []
    for (const id of from) {
      if (others.length >= count) break
      if (!chosen.includes(id)) others.push(id)
    }
    return others
  }
}
