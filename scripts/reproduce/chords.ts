import { InvalidCodeError, type LinearCode } from '../../src/codes/index.ts'

/**
 * Coded queries on the straight chords between neighbouring queries, evenly along the group: N/K to a query, the middle one
 * of an odd number on the query itself, and those beyond either end of the group on its end query. Coded query i of
 * m = N/K to a query sits at the place (i + ½)/m − ½ of the group; between places q and q+1 it mixes both queries by nearness.
 *
 * On a spline a coded query also subtracts queries further off, which shows the model something less like an image. It is an
 * encoder only: the covariance decoder is the decoder of any encoder.
 */
export function chords({ k, n }: { k: number; n: number }): LinearCode {
  if (n < k)
    throw new InvalidCodeError(`chords send about n/k coded queries near each query, so n ≥ k; got ${n} < ${k}`)
  const encodingMatrix = new Float64Array(n * k)
  for (let i = 0; i < n; i++) {
    // In units of 1/2n, so that whether a place is a query is a question in whole numbers.
    const place = Math.min(Math.max((2 * i + 1) * k - n, 0), 2 * n * (k - 1))
    const q = Math.floor(place / (2 * n))
    const towards = (place % (2 * n)) / (2 * n)
    encodingMatrix[i * k + q] = 1 - towards
    if (towards > 0) encodingMatrix[i * k + q + 1] = towards
  }
  return encoderOnly('chords', { k, n, encodingMatrix })
}

/**
 * The same coded queries, and with them what is known of each query from elsewhere: result n+q is the student's answer to
 * query q, which the master has whoever straggles. No coded query is sent for it, so its row of E is zeros.
 */
export function withStudent(code: LinearCode): LinearCode {
  const { k, n } = code
  const encodingMatrix = new Float64Array((n + k) * k)
  encodingMatrix.set(code.encodingMatrix)
  return encoderOnly(`${code.name} with student`, { k, n: n + k, encodingMatrix })
}

function encoderOnly(name: string, matrix: Pick<LinearCode, 'k' | 'n' | 'encodingMatrix'>): LinearCode {
  return {
    name,
    systematic: false,
    ...matrix,
    decodingMatrix() {
      throw new InvalidCodeError(`${name} are an encoder: decode them with the covariance decoder`)
    },
    recoverable: survivors => new Array<boolean>(matrix.k).fill(survivors.length > 0)
  }
}
