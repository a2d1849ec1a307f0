import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readScenario, ScenarioError, scenario } from '../../src/simulation/index.ts'

const CALM = `
name: calm
title: Nothing goes wrong
fleet:
  - { name: pi, count: 12, device: rpi4 }
workload: { arrivals: poisson, rate: 20, length: 1000 }
model: { name: lenet5 }
deadline: 200
plans:
  - { code: nercc, k: 4, n: 12 }
faults:
  - kind: slow
    factor: 3
`

/** Asserts that a text is refused with this message. */
function refused(text: string, message: RegExp): void {
  assert.throws(
    () => readScenario(text, 'calm.yaml'),
    (error: unknown) => error instanceof ScenarioError && message.test(error.message),
    String(message)
  )
}

describe('reading a scenario', () => {
  it('gives what its text says', () => {
    const { name, fleet, faults } = readScenario(CALM, 'calm.yaml')
    assert.equal(name, 'calm')
    assert.deepEqual(fleet, [{ name: 'pi', count: 12, device: 'rpi4' }])
    assert.deepEqual(faults, [{ kind: 'slow', factor: 3 }])
  })

  it('names line and field of what is wrong', () => {
    refused(CALM.replace('factor: 3', 'factor: fast'), /calm\.yaml:13: faults\.0\.factor: must be number/)
    refused(CALM.replace('count: 12', 'count: 0'), /calm\.yaml:5: fleet\.0\.count: must be >= 1/)
    refused(
      CALM.replace('device: rpi4', 'device: rpi9'),
      /calm\.yaml:5: fleet\.0\.device: must be one of jetson-orin, /
    )
    refused(CALM.replace('deadline: 200', ''), /calm\.yaml:1: 'deadline' is missing/)
  })

  it('names a field that is not there, and a kind of fault or workload that there is not', () => {
    refused(CALM.replace('factor: 3', 'faktor: 3'), /calm\.yaml:13: faults\.0\.faktor: there is no such field/)
    refused(CALM.replace('kind: slow', 'kind: slwo'), /calm\.yaml:12: faults\.0\.kind: there is no kind 'slwo'/)
    refused(CALM.replace('poisson', 'fish'), /calm\.yaml:6: workload\.arrivals: there is no arrivals 'fish'/)
  })

  it('says what fits no code, and which machines are not in the fleet', () => {
    refused(
      CALM.replace('code: nercc', 'code: uncoded'),
      /calm\.yaml:10: plans\.0: uncoded sends each query exactly once/
    )
    refused(`${CALM}    on: { machines: po }`, /calm\.yaml:14: faults\.0\.on\.machines: the fleet has only pi/)
    refused(`${CALM}    on: { count: 13 }`, /calm\.yaml:14: faults\.0\.on\.count: there are only 12 machines/)
  })

  it('says where YAML ends', () => {
    refused(CALM.replace('deadline: 200', 'deadline: [200'), /calm\.yaml: .*line/s)
  })

  it('checks one that is written in TypeScript in the same way', () => {
    const calm = readScenario(CALM, 'calm.yaml')
    assert.deepEqual(scenario(calm), calm)
    assert.throws(() => scenario({ ...calm, deadline: 0 }), /^ScenarioError: deadline: must be > 0$/)
  })
})
