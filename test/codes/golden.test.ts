import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { berrut, covarianceMatrix, type LinearCode, type Moments, nercc } from '../../src/codes/index.ts'
import { type Rows, rowsOf, scale } from './matrices.ts'

/** A case lists whole matrices, or chosen rows of large ones by their index. */
interface GoldenCase {
  K: number
  N: number
  lambda_enc?: number
  lambda_dec?: number
  survivors: number[]
  E?: Rows
  D?: Rows
  E_rows?: Record<string, number[]>
  D_rows?: Record<string, number[]>
}

describe('golden vectors', () => {
  const families: [file: string, make: (golden: GoldenCase) => LinearCode][] = [
    ['bacc', ({ K, N }) => berrut({ k: K, n: N })],
    [
      'nercc_spline',
      ({ K, N, lambda_enc, lambda_dec }) => nercc({ k: K, n: N, lambdaEncode: lambda_enc, lambdaDecode: lambda_dec })
    ]
  ]
  for (const [file, make] of families) {
    for (const golden of load(file)) {
      const { K, N, survivors, lambda_enc = 0, lambda_dec = 0 } = golden
      it(`${file}: K=${K}, N=${N}, λ_e=${lambda_enc}, λ_d=${lambda_dec}`, () => {
        const code = make(golden)
        assertRows('E', code.encodingMatrix, K, golden.E ?? golden.E_rows)
        assertRows('D', code.decodingMatrix(survivors), survivors.length, golden.D ?? golden.D_rows)
      })
    }
  }
})

describe('the golden covariance decoder', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../fixtures/golden/covariance_decoder.json', import.meta.url), 'utf8')
  )
  const { K: k, N: n, eps } = golden
  const moments: Moments = { k, n, outputs: 'logits', matrix: Float64Array.from(golden.C.flat()) }
  const size = n + k
  const trace = moments.matrix.reduce((sum, value, at) => (at % (size + 1) === 0 ? sum + value : sum), 0)
  // The vectors were computed with the trace in float32, which alone moves D by 2e-9.
  const epsilon = (eps * Math.fround(trace)) / trace
  for (const { S, D } of golden.cases) {
    it(`survivors ${S}`, () => {
      const { matrix, raised } = covarianceMatrix(moments, S, epsilon)
      assert.equal(raised, false)
      assertRows('D', matrix, S.length, D)
    })
  }
})

function load(file: string): GoldenCase[] {
  const url = new URL(`../fixtures/golden/${file}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')).cases
}

function assertRows(name: string, matrix: Float64Array, width: number, expected: Rows | Record<string, number[]> = []) {
  const rows = rowsOf(matrix, width)
  const listed = Object.entries(expected)
  assert.ok(listed.length > 0, `the case lists no rows of ${name}`)
  const tolerance = 1e-9 * scale(listed.map(([, row]) => row))
  for (const [r, row] of listed) {
    row.forEach((value, c) => {
      const actual = rows[Number(r)][c]
      assert.ok(Math.abs(actual - value) <= tolerance, `${name}[${r}, ${c}] is ${actual}, golden ${value}`)
    })
  }
}
