import type { WorkerId } from './fleet.ts'
import { least } from './least.ts'

/** Of the workers of a choice, so many may be ones that were never measured. */
const NEW_SHARE = 0.25
/** Copies to try workers with, as a share of the places that are given out. */
const TRIED_SHARE = 0.05
/** A worker that is not chosen is tried again so long after it was asked last. */
const TRIED_AFTER_MS = 500
/** Those not asked for longest are looked at for one to be tried: the others take turns, and are asked anyway. */
const LOOKED_AT = 8

/** Costs of workers that are asked only when there are no others. */
export const LAST_RESORT = 1e12

/** Costs that differ by less than this factor are one step: as good as equal. */
const STEP = Math.log(1.25)
/** A rank is a step of costs and a turn; there are fewer turns than this. */
const TURNS = 2 ** 40

/** What is asked of a roster. */
export interface Choice {
  count: number
  /** No more than so many of one failure domain, as long as there are others. @default no limit */
  mostPerDomain?: number
  /** The last so many places may be given to workers of whom nothing is known. @default half of them */
  expendable?: number
}

interface Trying {
  now: number
  /** So many times longer than others a worker is left alone before it is tried. */
  patience(worker: WorkerId): number
}

interface Entry {
  place: number
  domain: string | undefined
  step: number
  /** Grows with every task that anybody is sent. */
  turn: number
  askedAt: number
}

/**
 * The workers of one model by what a further task would cost there: a choice among thousands reads each cost once. Among those
 * that cost nearly the same, it is the turn of whoever was not asked for longest: their measurements stay fresh, and masters that
 * know the same do not all ask the same few.
 */
export class Roster {
  readonly #entries = new Map<WorkerId, Entry>()
  readonly #ids: WorkerId[] = []
  #ranks = new Float64Array(16)
  /** Workers in the order in which they were last asked, those never asked first. */
  readonly #asked = new Map<WorkerId, Entry>()
  readonly #unmeasured = new Set<WorkerId>()
  #turn = 0
  #tries = 0

  get size(): number {
    return this.#ids.length
  }

  add(worker: WorkerId, domain?: string): void {
    const known = this.#entries.get(worker)
    if (known !== undefined) {
      known.domain = domain
      return
    }
    const place = this.#ids.push(worker) - 1
    const entry = { place, domain, step: stepOf(LAST_RESORT), turn: 0, askedAt: -Infinity }
    if (place === this.#ranks.length) {
      const larger = new Float64Array(2 * this.#ranks.length)
      larger.set(this.#ranks)
      this.#ranks = larger
    }
    this.#rank(entry)
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
      this.#ranks[entry.place] = this.#ranks[this.#ids.length]
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
    entry.step = stepOf(cost)
    this.#rank(entry)
    this.#unmeasured.delete(worker)
  }

  /** A task went to a worker. */
  ask(worker: WorkerId, now: number): void {
    const entry = this.#entries.get(worker)
    if (entry === undefined) return
    entry.turn = ++this.#turn
    entry.askedAt = now
    this.#rank(entry)
    this.#asked.delete(worker)
    this.#asked.set(worker, entry)
  }

  /**
   * The workers that cost least, best first; all of them where there are fewer. A bounded share of the places, the last ones, go
   * to workers that were never measured.
   */
  choose({ count, mostPerDomain = Infinity, expendable = Math.floor(count / 2) }: Choice): WorkerId[] {
    const chosen = this.#cheapest(count, mostPerDomain)
    if (chosen.length < this.size && this.#unmeasured.size > 0) {
      const most = Math.min(Math.ceil(count * NEW_SHARE), expendable)
      const newcomers = this.#others(this.#unmeasured, chosen, most)
      chosen.splice(chosen.length - newcomers.length, newcomers.length, ...newcomers)
    }
    return chosen
  }

  /**
   * A worker to be sent a copy of one of so many `tasks` beside those that were `chosen`, to see what became of it: what is not asked is not
   * known. One that was never measured, or one that costs more than they do and was not asked for a while; a bounded share of all
   * tasks.
   */
  tryOut(chosen: readonly WorkerId[], tasks: number, { now, patience }: Trying): WorkerId | undefined {
    this.#tries = Math.min(this.#tries + tasks * TRIED_SHARE, 1)
    if (this.#tries < 1 || chosen.length === this.size) return undefined
    const tried = this.#others(this.#unmeasured, chosen, 1)[0] ?? this.#avoided(chosen, { now, patience })
    if (tried !== undefined) this.#tries--
    return tried
  }

  #avoided(chosen: readonly WorkerId[], { now, patience }: Trying): WorkerId | undefined {
    const worst = Math.max(...chosen.map(id => this.#entries.get(id)?.step ?? 0))
    let looked = 0
    for (const [id, { step, askedAt }] of this.#asked) {
      if (step > worst && now - askedAt >= TRIED_AFTER_MS * patience(id) && !chosen.includes(id)) return id
      if (++looked === LOOKED_AT) break
    }
    return undefined
  }

  #rank({ place, step, turn }: Entry): void {
    this.#ranks[place] = step * TURNS + turn
  }

  /** Domains are few against workers, so that looking at twice as many as are wanted is mostly enough. */
  #cheapest(count: number, mostPerDomain: number): WorkerId[] {
    for (let looked = mostPerDomain === Infinity ? count : 2 * count; ; looked *= 2) {
      const ids = least(this.#ranks, this.size, looked).map(place => this.#ids[place])
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

/** Non-negative, so that ranks are ordered as steps are. */
function stepOf(cost: number): number {
  return Math.max(0, Math.round(Math.log(Math.max(cost, Number.MIN_VALUE)) / STEP) + 100)
}
