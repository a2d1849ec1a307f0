import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { spares } from '../../src/advisor/index.ts'
import { type Random, random } from '../../src/chance/index.ts'
import {
  codeFamily,
  covarianceDecoder,
  encode,
  gram,
  kernelMoments,
  type LinearCode,
  type LinearDecoder,
  linearDecoder,
  nercc
} from '../../src/codes/index.ts'
import { Fleet } from '../../src/fleet/index.ts'
import { type Effect, Master, planSpec } from '../../src/inference/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { matMulModel } from './matmul-model.ts'

/** Outputs of a result, as of ten classes. */
const OUTPUTS = 10

/** λ_e and λ_d: any that are above 0, so that no row is a unit vector. */
const LAMBDA = 1e-6

/** Something to be timed: prepared each time anew, which does not count, then run. */
export type Work = () => () => unknown

export interface Size {
  k: number
  n: number
  length: number
}

/** Encoding beside the same product in ONNX Runtime, which has its queries in one tensor already, and one thread. */
export async function encoding({ k, n, length }: Size): Promise<[ours: Work, onnx: Work]> {
  const code = smoothing(k, n)
  const queries = tensors(k, length)
  const session = await InferenceSession.create(matMulModel(), { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const x = new Float32Array(k * length)
  queries.forEach(({ data }, q) => {
    x.set(data, q * length)
  })
  const inputs = {
    a: new OrtTensor('float32', Float32Array.from(code.encodingMatrix), [n, k]),
    x: new OrtTensor('float32', x, [k, length])
  }
  return [() => () => encode(code, queries), () => () => session.run(inputs)]
}

/**
 * What the master does when a group is asked: it orders the queries along a path, encodes them, and hands the tasks over.
 * Each round steps through all its turns, one a step.
 */
export function asking({ k, n, length }: Size): () => Generator<void> {
  const queries = tensors(k, length).map(x => ({ x }))
  const spec = planSpec({
    model: 'bench',
    output: 'y',
    code: codeFamily('nercc'),
    codeOptions: { lambdaEncode: LAMBDA, lambdaDecode: LAMBDA },
    order: 'path',
    k,
    n,
    deadline: 1000
  })
  const fleet = new Fleet()
  for (let worker = 0; worker < n; worker++) fleet.add(`worker-${worker}`, ['bench'])
  return function* () {
    const master = new Master(fleet)
    let effects = master.step({ type: 'batch', call: 1, queries, spec, concurrency: 1 }, 0)
    for (let turn = due(effects); turn !== undefined; turn = due(effects)) {
      yield
      effects = master.step({ type: 'timer', timer: turn }, 0)
    }
    yield
  }
}

function due(effects: readonly Effect[]): number | undefined {
  const now = effects.find(effect => effect.type === 'arm' && effect.at === 0)
  return now?.type === 'arm' ? now.timer : undefined
}

/** Decoding with survivors that were not met before: their operator, and its use. */
export function decoding(k: number, n: number, survivors: number): [spline: Work, covariance: Work] {
  const chance = random(1)
  const code = smoothing(k, n)
  const work = (decoder: LinearDecoder): Work => {
    return () => {
      const met = draw(survivors, n, chance)
      const results = tensors(survivors, OUTPUTS, chance)
      return () => decoder.select(met).apply(results)
    }
  }
  return [work(linearDecoder(code)), work(learned(code))]
}

/** Making what encodes and decodes. */
export function construction(k: number, n: number): [code: Work, covariance: Work] {
  const code = smoothing(k, n)
  return [() => () => linearDecoder(smoothing(k, n)), () => () => learned(code)]
}

/** Says what each spare worker is asked for, with descriptions of four queries to choose beside copies. */
export function planning(k: number, n: number): Work {
  const fleet = { workers: n, stragglers: { count: n / 2 } }
  return () => {
    const losses = Array.from(tensors(1, k)[0].data, Math.abs)
    const description = { loss: 0.25, together: 4 }
    return () => spares({ losses, count: n - k, fleet, description })
  }
}

function smoothing(k: number, n: number): LinearCode {
  return nercc({ k, n, lambdaEncode: LAMBDA, lambdaDecode: LAMBDA })
}

/** The covariance decoder that needs no calibration: it is made for each group anew. */
function learned(code: LinearCode): LinearDecoder {
  const queries = tensors(code.k, OUTPUTS).map(({ data }) => data)
  return covarianceDecoder({ code, moments: kernelMoments({ code, gram: gram(queries), outputs: 'logits' }) })
}

/** Uniform in −1 … 1. */
function tensors(count: number, length: number, chance: Random = random(0)): Tensor<'float32'>[] {
  return Array.from({ length: count }, () => Tensor.float32(Float32Array.from({ length }, () => 2 * chance() - 1)))
}

/** So many of the numbers below `n`, ascending. */
function draw(count: number, n: number, chance: Random): number[] {
  const left = [...Array(n).keys()]
  const drawn = Array.from({ length: count }, () => left.splice(Math.floor(chance() * left.length), 1)[0])
  return drawn.sort((a, b) => a - b)
}
