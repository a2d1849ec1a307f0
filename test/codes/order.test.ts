import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  distances,
  GroupSizeError,
  gram,
  medianDistance,
  orderQueries,
  reorder,
  reorderGram,
  restoreOrder
} from '../../src/codes/index.ts'
import { pathLength, shortestPath } from '../../src/codes/shortest-path.ts'

const groups = fc
  .record({ size: fc.integer({ min: 1, max: 25 }), width: fc.integer({ min: 1, max: 9 }) })
  .chain(({ size, width }) => {
    const vector = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: width, maxLength: width })
    return fc.array(vector, { minLength: size, maxLength: size }).map(rows => rows.map(row => Float32Array.from(row)))
  })

describe('orders of queries', () => {
  for (const kind of ['none', 'pca', 'path'] as const) {
    it(`${kind} names every query once, the same way every time, and can be undone`, () => {
      fc.assert(
        fc.property(groups, vectors => {
          const order = orderQueries(kind, vectors)
          assert.deepEqual(
            order.toSorted((a, b) => a - b),
            [...vectors.keys()]
          )
          assert.deepEqual(orderQueries(kind, vectors), order)
          assert.deepEqual(restoreOrder(reorder(vectors, order), order), vectors)
        })
      )
    })
  }

  it('none leaves queries as they came', () => {
    assert.deepEqual(orderQueries('none', [Float32Array.of(3), Float32Array.of(1)]), [0, 1])
  })

  for (const kind of ['pca', 'path'] as const) {
    it(`${kind} puts queries on a line into the order of the line, whatever their order was`, () => {
      const direction = [3, -1, 2]
      const places = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 20 })
      fc.assert(
        fc.property(places, along => {
          const vectors = along.map(place => Float32Array.from(direction, d => 7 + place * d))
          const ordered = reorder(along, orderQueries(kind, vectors))
          const ascending = along.toSorted((a, b) => a - b)
          assert.deepEqual(ordered[0] === ascending[0] ? ordered : ordered.toReversed(), ascending)
        })
      )
    })
  }

  it('path cannot be made shorter by turning any stretch of it around', () => {
    fc.assert(
      fc.property(groups, vectors => {
        const size = vectors.length
        const lengths = distances(gram(vectors))
        const path = shortestPath(lengths, size)
        const length = pathLength(path, lengths, size)
        for (let i = 0; i < size; i++) {
          for (let j = i + 1; j < size; j++) {
            const turned = [...path.slice(0, i), ...path.slice(i, j + 1).reverse(), ...path.slice(j + 1)]
            const shorter = length - pathLength(turned, lengths, size)
            assert.ok(shorter <= 1e-9 * length, `turning ${i} to ${j} saves ${shorter} of ${length}`)
          }
        }
      })
    )
  })

  it('path is within a tenth of the shortest of all, for six queries', () => {
    const six = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 99 })), {
      minLength: 6,
      maxLength: 6
    })
    let [ours, least] = [0, 0]
    fc.assert(
      fc.property(six, points => {
        const lengths = distances(gram(points.map(point => Float32Array.from(point))))
        ours += pathLength(shortestPath(lengths, 6), lengths, 6)
        least += Math.min(...permutations([0, 1, 2, 3, 4, 5]).map(path => pathLength(path, lengths, 6)))
      }),
      { numRuns: 50 }
    )
    assert.ok(ours <= 1.1 * least, `paths are ${ours} long in all, the shortest ${least}`)
  })
})

describe('the Gram matrix', () => {
  it('gives the inner products, distances and their median', () => {
    fc.assert(
      fc.property(groups, vectors => {
        const group = gram(vectors)
        const apart = distances(group)
        vectors.forEach((a, i) => {
          vectors.forEach((b, j) => {
            assert.equal(
              group.matrix[i * vectors.length + j],
              a.reduce((sum, value, c) => sum + value * b[c], 0)
            )
            const distance = Math.hypot(...a.map((value, c) => value - b[c]))
            assert.ok(Math.abs(apart[i * vectors.length + j] - distance) < 1e-6, `distance ${i} to ${j}`)
          })
        })
      })
    )
    assert.equal(medianDistance(gram([1, 2, 4].map(value => Float32Array.of(value)))), 2)
    assert.equal(medianDistance(gram([Float32Array.of(1)])), 0)
  })

  it('can be reordered without the vectors', () => {
    const vectors = [
      [1, 0],
      [2, 5],
      [3, 3]
    ].map(row => Float32Array.from(row))
    assert.deepEqual(reorderGram(gram(vectors), [2, 0, 1]), gram(reorder(vectors, [2, 0, 1])))
  })

  it('refuses vectors of different lengths', () => {
    assert.throws(() => gram([Float32Array.of(1), Float32Array.of(1, 2)]), GroupSizeError)
  })
})

function permutations(items: number[]): number[][] {
  if (items.length < 2) return [items]
  return items.flatMap(first => permutations(items.filter(item => item !== first)).map(rest => [first, ...rest]))
}
