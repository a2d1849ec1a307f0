import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type CalibrateInit, calibrate, InvalidOptionError } from '../../nodes/index.ts'
import {
  expectedQuality,
  formatProfile,
  type LinearDecoder,
  linearDecoder,
  parseProfile,
  profileCode,
  profileDecoder,
  profileLocator
} from '../../src/codes/index.ts'
import type { ModelSignature, NamedTensors } from '../../src/models/index.ts'
import { type Executor, functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { CLASSES, outputsOf, type Synthetic, synthetic } from '../codes/synthetic.ts'

const INPUTS = 16
const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, INPUTS] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: [null, CLASSES] }]
}

/** A model row by row; `seen` gets the number of rows of each run. */
function executorOf(
  row: (query: Float32Array) => Float32Array,
  { signature = SIGNATURE, seen = [], slots = 2 }: { signature?: ModelSignature; seen?: number[]; slots?: number } = {}
): Executor {
  const [{ name }] = signature.outputs
  const run = ({ x }: NamedTensors): NamedTensors => {
    const [count, width] = x.shape
    const data = x.data as Float32Array
    seen.push(count)
    const rows = Array.from({ length: count }, (_, i) => row(data.subarray(i * width, (i + 1) * width)))
    return {
      [name]: Tensor.float32(
        rows.flatMap(values => [...values]),
        [count, rows[0].length]
      )
    }
  }
  return functionExecutor({ models: [{ name: 'smooth', signature, run }], slots })
}

function dataOf({ query }: Synthetic, count: number): Tensor {
  return Tensor.float32(Array.from({ length: count }, () => [...query()]).flat(), [count, INPUTS])
}

function best(values: Float32Array): number {
  return values.indexOf(values.reduce((a, b) => Math.max(a, b)))
}

/** Of logits: without the class mean of either. */
function squaredError(a: Float32Array, b: Float32Array): number {
  const differences = Array.from(a, (value, c) => value - b[c])
  const shift = differences.reduce((sum, value) => sum + value, 0) / differences.length
  return differences.reduce((sum, value) => sum + (value - shift) ** 2, 0)
}

describe('calibrate', () => {
  const source = synthetic(11)
  const executor = executorOf(source.model)
  const data = dataOf(source, 400)
  const size = { k: 4, n: 12 }
  const asked = { executor, model: 'smooth', data, plans: [size], groups: 40 }
  const tuned = { name: 'nercc', lambdaEncode: 0, lambdaDecode: 1e-5 } as const
  const quick = { ...asked, plans: [{ ...size, code: tuned }], groups: 5 }

  before(() => executor.start())
  after(() => executor.stop())

  it('learns a decoder that errs less than the plain one where half of the results or fewer arrive', async () => {
    const {
      profile: { plans },
      scores: [scores]
    } = await calibrate(asked)
    const [{ decoders, expected }] = plans
    assert.deepEqual(
      decoders.map(({ survivors, decoder }) => [survivors, decoder]),
      [3, 6, 9].map(survivors => [survivors, 'covariance'])
    )
    assert.equal(scores.length, 12)
    for (const { survivors, linear, covariance } of scores.slice(2, 6)) {
      assert.ok(
        (covariance.mse ?? Infinity) < (linear.mse ?? 0),
        `${survivors} survivors: covariance ${covariance.mse}, plain ${linear.mse}`
      )
    }
    assert.deepEqual(
      expected,
      scores.map(({ survivors, covariance }) => ({ survivors, ...covariance }))
    )
    const [few, many] = [expected[2], expected[11]]
    assert.ok((many.mse ?? Infinity) < (few.mse ?? 0), 'more survivors, less error')
    assert.ok((many.agreement ?? 0) > (few.agreement ?? 1), 'more survivors, more agreement')
  })

  it('expects of fresh queries what they turn out to be, and still decodes them better than the plain decoder', async () => {
    const { profile } = await calibrate({ ...quick, data: dataOf(source, 1200), groups: 150 })
    const [plan] = profile.plans
    const code = profileCode(plan)
    const groups = Array.from({ length: 100 }, () => outputsOf(source, code))
    for (const count of [4, 6]) {
      const measured = (decoder: LinearDecoder) => {
        const errors = groups.flatMap(vectors => {
          const survivors = Array.from({ length: 12 }, (_, i) => ({ i, key: source.normal() }))
            .sort((a, b) => a.key - b.key)
            .slice(0, count)
            .map(({ i }) => i)
            .sort((a, b) => a - b)
          const results = survivors.map(i => Tensor.float32(vectors[i]))
          const decoded = decoder.select(survivors).apply(results)
          return decoded.map((tensor, q) => ({
            agrees: Number(best(tensor?.data as Float32Array) === best(vectors[12 + q])),
            squared: squaredError(tensor?.data as Float32Array, vectors[12 + q])
          }))
        })
        const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
        return { mse: mean(errors.map(({ squared }) => squared)), agreement: mean(errors.map(({ agrees }) => agrees)) }
      }
      const learned = measured(profileDecoder(plan))
      const plain = measured(linearDecoder(code))
      const { mse = 0, agreement = 0 } = plan.expected[count - 1]
      assert.ok(learned.mse < plain.mse, `${count} survivors: learned ${learned.mse}, plain ${plain.mse}`)
      assert.ok(Math.abs(agreement - learned.agreement) < 0.1, `expected ${agreement}, fresh ${learned.agreement}`)
      assert.ok(mse < 2 * learned.mse && learned.mse < 2 * mse, `expected ${mse}, fresh ${learned.mse}`)
    }
  })

  it('knows of each prediction of fresh queries how likely its class is the model’s, and how far off it is', async () => {
    const { profile } = await calibrate({ ...quick, data: dataOf(source, 2400), groups: 200 })
    const [plan] = profile.plans
    const decoder = profileDecoder(plan)
    const fresh = Array.from({ length: 250 }, () => outputsOf(source, profileCode(plan)))
    const all = fresh.flatMap((vectors, g) => {
      const survivors = Array.from({ length: 12 }, (_, i) => i).filter(i => (i * 7 + g * 5) % 12 < 3 + (g % 5))
      const operator = decoder.select(survivors)
      const predictions = operator.apply(survivors.map(i => Tensor.float32(vectors[i])))
      return expectedQuality(plan.reliability, operator, predictions).map((expected, q) => ({
        error: expected?.error ?? NaN,
        agreement: expected?.agreement ?? NaN,
        squared: squaredError(predictions[q]?.data as Float32Array, vectors[12 + q]),
        agrees: Number(best(predictions[q]?.data as Float32Array) === best(vectors[12 + q]))
      }))
    })
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const half = (by: 'agreement' | 'error', part: number) =>
      all.toSorted((a, b) => a[by] - b[by]).slice((part * all.length) / 2, ((part + 1) * all.length) / 2)
    for (const part of [0, 1]) {
      const sure = half('agreement', part)
      const [said, was] = [mean(sure.map(one => one.agreement)), mean(sure.map(one => one.agrees))]
      assert.ok(Math.abs(said - was) < 0.08, `of the ${['less', 'more'][part]} sure half ${was} agree, said ${said}`)
      const far = half('error', part)
      const ratio = mean(far.map(one => one.error)) / mean(far.map(one => one.squared))
      assert.ok(ratio > 0.6 && ratio < 1.6, `of the ${['nearer', 'farther'][part]} half, said over measured: ${ratio}`)
    }
  })

  it('keeps to the decoder that is asked for', async () => {
    const { profile } = await calibrate({ ...quick, plans: [{ ...size, code: tuned, decoder: 'linear' }] })
    assert.ok(profile.plans[0].decoders.every(({ decoder }) => decoder === 'linear'))
    assert.ok(profile.plans[0].reliability.length > 0)
  })

  it('knows from which score on a result is wrong, and how often that would be wrong of an honest one', async () => {
    const { profile } = await calibrate({ ...quick, groups: 60 })
    const [plan] = profile.plans
    assert.ok(plan.locator.falseAlarms < 0.02, `false alarms ${plan.locator.falseAlarms}`)
    const locator = profileLocator(plan, 1)
    const fresh = Array.from({ length: 60 }, () => outputsOf(source, profileCode(plan)).slice(0, 12))
    const survivors = [...Array(12).keys()]
    const found = fresh.filter((results, g) => {
      const lying = results.map((result, i) =>
        i === g % 12 ? result.map((_, c) => result[(c + 1) % CLASSES]) : result
      )
      return locator.locate(survivors, lying).wrong.includes(g % 12)
    })
    assert.ok(found.length >= 50, `${found.length} of 60 liars were found`)
  })

  it('chooses λ_e and λ_d, and says in the profile what it was made from', async () => {
    const { profile } = await calibrate(asked)
    const { plans, model, output, outputs, calibration } = profile
    const [{ code, order }] = plans
    assert.equal(model, executor.models[0].id)
    assert.deepEqual({ output, outputs, order }, { output: 'logits', outputs: 'logits', order: 'path' })
    assert.ok(code.lambdaEncode !== undefined && code.lambdaDecode !== undefined, 'both λ were chosen')
    assert.deepEqual(calibration, { groups: 40, tuning: 14, heldBack: 14, seed: 1 })
    assert.equal(formatProfile(parseProfile(formatProfile(profile))), formatProfile(profile))
    assert.equal(profileCode(plans[0]).n, 12)
  })

  it('learns each of several plans as it would by itself', async () => {
    const plans = [
      { ...size, code: tuned },
      { k: 4, n: 8, code: { name: 'bacc', layout: 'systematic' } as const, order: 'none' as const }
    ]
    const both = await calibrate({ ...quick, plans })
    assert.deepEqual(
      both.profile.plans.map(({ code, order }) => [code.name, code.layout, code.k, code.n, order]),
      [
        ['nercc', undefined, 4, 12, 'path'],
        ['bacc', 'systematic', 4, 8, 'none']
      ]
    )
    for (const [i, plan] of plans.entries()) {
      const alone = await calibrate({ ...quick, plans: [plan] })
      assert.deepEqual(both.profile.plans[i], alone.profile.plans[0])
      assert.deepEqual(both.scores[i], alone.scores[0])
    }
  })

  it('gives the same profile for the same seed, and another for another', async () => {
    const once = formatProfile((await calibrate(quick)).profile)
    const again = formatProfile((await calibrate(quick)).profile)
    const other = formatProfile((await calibrate({ ...quick, seed: 2 })).profile)
    assert.equal(again, once)
    assert.notEqual(other, once)
  })

  it('keeps the λ that are given', async () => {
    const { profile } = await calibrate(quick)
    assert.deepEqual(profile.plans[0].code, { ...tuned, k: 4, n: 12 })
  })

  it('counts what is exact and what is lost, and expects nothing of predictions that are not reconstructed', async () => {
    const code = { name: 'bacc', layout: 'systematic' } as const
    const { profile } = await calibrate({ ...quick, plans: [{ k: 4, n: 6, code }] })
    const { expected } = profile.plans[0]
    assert.deepEqual(expected[5], { survivors: 6, exact: 1, lost: 0 })
    const { exact, lost, mse } = expected[2]
    assert.ok(mse !== undefined && lost === 0 && exact > 0.3 && exact < 0.7, `about half is exact, got ${exact}`)
    const lagrange = { name: 'lagrange', layout: 'systematic' } as const
    const lossy = await calibrate({ ...quick, plans: [{ k: 4, n: 6, code: lagrange }] })
    const [{ linear, covariance }] = lossy.scores[0]
    assert.ok(linear.exact + linear.lost === 1 && linear.lost > 0.5, 'from one result Lagrange gives at most that one')
    assert.equal(covariance.lost, 0)
  })

  it('measures accuracy when it has labels, and progress to the end', async () => {
    const labels = Array.from({ length: 400 }, (_, i) => best(source.model(data.row(i).data as Float32Array)))
    const told: Array<[number, number]> = []
    const progress = (done: number, total: number) => told.push([done, total])
    const { profile, scores } = await calibrate({ ...quick, labels, progress })
    const [{ covariance }] = scores[0]
    assert.equal(covariance.accuracy, covariance.agreement, 'every label is what the model itself says')
    assert.equal(profile.accuracy, 1)
    assert.deepEqual(told.at(-1), [told.length, told.length])
    const none = await calibrate({ ...quick, labels: labels.map(() => CLASSES) })
    assert.equal(none.scores[0][11].covariance.accuracy, 0, 'no prediction has a class that does not exist')
    assert.equal(none.profile.accuracy, 0)
  })

  it('tells probabilities from values, and has no agreement for values unless there are labels', async () => {
    const named = (name: string, width: number): ModelSignature => ({
      ...SIGNATURE,
      outputs: [{ name, dtype: 'float32', shape: [null, width] }]
    })
    const likely = executorOf(query => Float32Array.of(1 / (1 + Math.exp(query[0])), 1 / (1 + Math.exp(-query[0]))), {
      signature: named('p', 2)
    })
    const curve = executorOf(query => Float32Array.of(5 + Math.sin(query[0]), query[1] ** 2), {
      signature: named('y', 2)
    })
    await Promise.all([likely.start(), curve.start()])
    const probabilities = await calibrate({ ...quick, executor: likely })
    assert.equal(probabilities.profile.outputs, 'probabilities')
    assert.ok(probabilities.profile.plans[0].expected[0].agreement !== undefined)
    const values = await calibrate({ ...quick, executor: curve })
    assert.equal(values.profile.outputs, 'values')
    assert.equal(values.profile.plans[0].expected[0].agreement, undefined)
    const mean = values.profile.plans[0].moments.mean ?? []
    assert.ok(Math.abs(mean[0] - 5) < 0.5, `the mean of 5 + sin is about 5, got ${mean[0]}`)
    const labelled = await calibrate({
      ...quick,
      executor: curve,
      labels: Array.from({ length: 400 }, (_, i) => i % 2)
    })
    assert.equal(labelled.profile.outputs, 'logits', 'what has labels has classes, whatever its output is called')
    assert.ok(labelled.profile.plans[0].expected[0].agreement !== undefined)
    await Promise.all([likely.stop(), curve.stop()])
  })

  it('runs a model that takes one query at a time one by one', async () => {
    const seen: number[] = []
    const signature: ModelSignature = {
      inputs: [{ name: 'x', dtype: 'float32', shape: [1, INPUTS] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: [1, CLASSES] }]
    }
    const single = executorOf(source.model, { signature, seen })
    await single.start()
    await calibrate({ ...quick, executor: single, groups: 3 })
    assert.deepEqual(new Set(seen), new Set([1]))
    await single.stop()
  })

  it('never scores or chooses on a query that it learned from', async () => {
    const runs: number[][] = []
    // Queries that tell which they are; the last four rows of a run are those of the group itself.
    const numbered = executorOf(query => {
      runs.at(-1)?.push(query[0])
      return source.model(query)
    })
    const recording = {
      models: [],
      slots: 1,
      run: (request: Parameters<Executor['run']>[0]) => {
        runs.push([])
        return numbered.run(request)
      }
    }
    await numbered.start()
    const values = Array.from({ length: 100 }, (_, i) => [i, ...new Array(INPUTS - 1).fill(0)])
    await calibrate({
      ...quick,
      executor: { ...recording, models: numbered.models },
      data: Tensor.float32(values.flat(), [100, INPUTS]),
      groups: 30
    })
    // The first run tells what kind of output the model has.
    const groups = runs.slice(1).map(rows => rows.slice(-4))
    const used = [groups.slice(0, 10), groups.slice(10, 40), groups.slice(40)].map(part => new Set(part.flat()))
    assert.ok(
      used.every(part => part.size >= 20),
      `each part uses many queries: ${used.map(({ size }) => size)}`
    )
    const shared = used.flatMap((part, i) => [...part].filter(query => used[(i + 1) % 3].has(query)))
    assert.deepEqual(shared, [], 'queries that two parts share')
    await numbered.stop()
  })

  it('ends when its caller gives up', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const progress = (done: number) => done === 3 && controller.abort(reason)
    await assert.rejects(calibrate({ ...asked, signal: controller.signal, progress }), reason)
  })

  const refusals: Array<{ what: string; init: Partial<CalibrateInit>; message: RegExp }> = [
    { what: 'a code that only copies', init: { plans: [{ ...size, code: 'replication' }] }, message: /only copies/ },
    { what: 'no plan', init: { plans: [] }, message: /at least one plan/ },
    { what: 'two plans alike', init: { plans: [size, size] }, message: /no two of the same code/ },
    { what: 'too few queries', init: { data: data.rows(0, 15) }, message: /at least 4·k = 16 queries, got 15/ },
    { what: 'labels for other queries', init: { labels: [1, 2] }, message: /2 labels for 400 queries/ },
    { what: 'no groups', init: { groups: 0 }, message: /groups must be .* got 0/ },
    { what: 'a model that is not there', init: { model: 'rough' }, message: /no model 'rough'/ }
  ]
  for (const { what, init, message } of refusals) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(
        calibrate({ ...asked, ...init }),
        error => error instanceof InvalidOptionError && message.test(error.message)
      )
    })
  }
})
