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
        const cost = Math.floor(1000 * chance())
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

  it('spends a twentieth of the places on those that were not asked for longest', () => {
    const it = roster(Array.from({ length: 100 }, (_, place) => place))
    const asked = new Map<string, number>()
    for (let group = 0; group < 1000; group++) {
      for (const worker of it.choose({ count: 10 })) {
        it.ask(worker)
        asked.set(worker, (asked.get(worker) ?? 0) + 1)
      }
    }
    const probes = Array.from({ length: 90 }, (_, i) => asked.get(`w${10 + i}`) ?? 0)
    assert.ok(Math.min(...probes) >= 4, `each of the others is probed, the least ${Math.min(...probes)} times`)
    assert.ok(probes.reduce((sum, one) => sum + one, 0) <= 0.05 * 10_000 + 1)
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
