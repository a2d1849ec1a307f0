import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { random } from '../../src/chance/index.ts'
import { Roster } from '../../src/fleet/index.ts'

function roster(costs: readonly number[], domainOf?: (place: number) => string): Roster {
  const it = new Roster()
  costs.forEach((cost, place) => {
    it.add(`w${place}`, domainOf?.(place))
    it.setCost(`w${place}`, cost)
  })
  return it
}

describe('a roster', () => {
  it('chooses the workers that cost least, best first, whoever came, went and changed before', () => {
    const chance = random(7)
    const known = new Map<string, number>()
    const it = new Roster()
    for (let step = 0; step < 2000; step++) {
      const worker = `w${Math.floor(60 * chance())}`
      if (chance() < 0.2) {
        it.remove(worker)
        known.delete(worker)
      } else {
        const cost = 2 ** Math.floor(30 * chance())
        it.add(worker)
        it.setCost(worker, cost)
        known.set(worker, cost)
      }
      assert.equal(it.size, known.size)
      const all = it.choose({ count: it.size }).map(id => known.get(id))
      assert.deepEqual(
        all,
        [...known.values()].sort((a, b) => a - b)
      )
    }
  })

  it('lets those take turns that cost nearly the same', () => {
    const it = roster([100, 104, 98, 101, 99, 102, 300])
    const asked = new Map<string, number>()
    for (let group = 0; group < 60; group++) {
      for (const worker of it.choose({ count: 2 })) {
        it.ask(worker, group)
        asked.set(worker, (asked.get(worker) ?? 0) + 1)
      }
    }
    assert.deepEqual(
      [...asked].sort(),
      [0, 1, 2, 3, 4, 5].map(place => [`w${place}`, 20])
    )
  })

  it('tries those that it avoids, one copy for twenty tasks, and no one twice in half a second', () => {
    const it = roster([1, 1, 1, 1, 50, 50])
    const tried = new Map<string, number[]>()
    for (let now = 0; now < 10_000; now += 10) {
      const chosen = it.choose({ count: 2 })
      const more = it.tryOut(chosen, chosen.length, { now, patience: () => 1 })
      for (const worker of chosen) it.ask(worker, now)
      if (more !== undefined) {
        it.ask(more, now)
        tried.set(more, [...(tried.get(more) ?? []), now])
      }
    }
    assert.deepEqual([...tried.keys()].sort(), ['w4', 'w5'])
    for (const times of tried.values()) {
      assert.equal(times.length, 20)
      assert.ok(times.every((now, i) => i === 0 || now - times[i - 1] >= 500))
    }
  })

  it('tries nobody beyond a twentieth of the tasks, and newcomers first', () => {
    const it = roster(Array.from({ length: 50 }, (_, place) => (place < 10 ? 1 : 50)))
    it.add('newcomer')
    const tried = Array.from({ length: 100 }, (_, now) =>
      it.tryOut(it.choose({ count: 10, expendable: 0 }), 10, { now, patience: () => 1 })
    )
    assert.equal(
      tried.find(worker => worker !== undefined),
      'newcomer'
    )
    assert.equal(tried.filter(worker => worker !== undefined).length, 50)
  })

  it('gives newcomers some of the places, and no group to them alone', () => {
    const it = roster(Array.from({ length: 20 }, () => 1))
    for (let i = 0; i < 500; i++) it.add(`new${i}`)
    const chosen = it.choose({ count: 12 })
    const fresh = chosen.filter(id => id.startsWith('new')).length
    assert.ok(fresh >= 1 && fresh <= 6, `${fresh} of 12`)
    assert.ok(
      chosen.slice(0, 6).every(id => id.startsWith('w')),
      'the best places are for those that are known'
    )
  })

  it('takes few of one failure domain as long as there are others', () => {
    const it = roster(
      Array.from({ length: 40 }, (_, place) => place),
      place => `rack ${Math.floor(place / 20)}`
    )
    const racks = it.choose({ count: 6, mostPerDomain: 3 }).map(id => Number(id.slice(1)) >= 20)
    assert.equal(racks.filter(Boolean).length, 3)
    assert.equal(it.choose({ count: 10, mostPerDomain: 3 }).length, 10, 'rather too many of one than too few')
  })
})
