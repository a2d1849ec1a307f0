import { berrut, chords, type LinearCode, nercc, replication } from '../../src/codes/index.ts'
import type { Course } from './course.ts'
import { type CodedGroup, type Decode, learnedDecode, learnMoments, paperDecode } from './decoders.ts'

/** What a method made of the tuning groups, for one number of stragglers. */
export interface Prepared {
  /** The test groups, coded. */
  coded: CodedGroup[]
  decode: Decode
  /** What was chosen on the tuning groups. */
  chosen: Record<string, number>
}

export interface Method {
  name: string
  /** Learns what the method needs in this course; then prepares it for a number of stragglers. */
  learn(course: Course): Promise<(stragglers: number) => Promise<Prepared>>
}

interface Size {
  k: number
  n: number
}

const LAMBDAS_DECODE = [0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]
const EPSILONS = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2]

/** The methods that other people's papers propose, or would be compared with. */
export function publishedMethods(size: Size & { lambdasEncode: readonly number[] }): Method[] {
  return [
    fixed('BACC', 'berrut', berrut(size)),
    fixed('NeRCC(0,0)', 'spline 0', nercc(size)),
    tunedNercc(size, size.lambdasEncode)
  ]
}

/** Every query N/K times. Its results are the model's own, and no order matters to it. */
export function replicationMethod(size: Size): Method {
  return fixed('replication', 'copies', replication(size))
}

/** From the covariance decoder alone to all that is ours, one step a row; the last needs a student. */
export function ourMethods(size: Size, { student }: { student: boolean }): Method[] {
  const straight = chords(size)
  const alone = [
    covariance('covariance decoder', { encoder: 'spline 0', code: nercc(size), tempered: false, student: false }),
    covariance('+ on chords', { encoder: 'chords', code: straight, tempered: false, student: false }),
    covariance('+ tempered', { encoder: 'chords', code: straight, tempered: true, student: false })
  ]
  const answers = { encoder: 'chords', code: straight, tempered: true, student: true }
  return student ? [...alone, covariance("+ student's answers", answers)] : alone
}

function fixed(name: string, encoder: string, code: LinearCode): Method {
  return {
    name,
    learn: async course => async () => ({
      coded: await course.coded(encoder, code, 'test'),
      decode: paperDecode(code),
      chosen: {}
    })
  }
}

/** λ_e and λ_d searched together for each number of stragglers, for the least MSE, as the paper tunes them. */
function tunedNercc({ k, n }: Size, lambdasEncode: readonly number[]): Method {
  return {
    name: 'NeRCC tuned',
    learn: async course => async stragglers => {
      let best = { lambdaEncode: 0, lambdaDecode: 0 }
      let least = Number.POSITIVE_INFINITY
      for (const lambdaEncode of lambdasEncode) {
        for (const lambdaDecode of LAMBDAS_DECODE) {
          const code = nercc({ k, n, lambdaEncode, lambdaDecode })
          const coded = await course.coded(`spline ${lambdaEncode}`, code, 'tuning')
          const { mse } = course.score('tuning', stragglers, coded, paperDecode(code))
          if (mse.value < least) {
            least = mse.value
            best = { lambdaEncode, lambdaDecode }
          }
        }
      }
      const code = nercc({ k, n, ...best })
      const coded = await course.coded(`spline ${best.lambdaEncode}`, code, 'test')
      return { coded, decode: paperDecode(code), chosen: best }
    }
  }
}

interface Covariance {
  encoder: string
  code: LinearCode
  tempered: boolean
  student: boolean
}

/** Second moments of the calibration groups; ε for each number of stragglers, for the least MSE. */
function covariance(name: string, { encoder, code, tempered, student }: Covariance): Method {
  return {
    name,
    async learn(course) {
      const moments = learnMoments(code, await course.coded(encoder, code, 'calibration'), student)
      return async stragglers => {
        const tuning = await course.coded(encoder, code, 'tuning')
        const candidates = EPSILONS.map(epsilon => {
          const decode = learnedDecode({ code, moments, epsilon, tempered })
          return { epsilon, decode, mse: course.score('tuning', stragglers, tuning, decode).mse.value }
        })
        const { epsilon, decode } = candidates.reduce((a, b) => (b.mse < a.mse ? b : a))
        return { coded: await course.coded(encoder, code, 'test'), decode, chosen: { epsilon } }
      }
    }
  }
}
