import { Ajv, type ErrorObject } from 'ajv'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { planSpec } from '../inference/index.ts'
import { OUTPUT, TIMED_MODEL, timedCompanions } from './companions-under-test.ts'
import { planInit } from './plan.ts'
import { type Scenario, scenarioSchema } from './scenario.ts'

/** A scenario says what it must not. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
  readonly code = 'ERR_SCENARIO'
}

/** What is wrong, and with which field: the keys and places that lead to it. */
interface Objection {
  path: string[]
  message: string
}

const validate = new Ajv({
  discriminator: true,
  allErrors: true,
  allowUnionTypes: true,
  // Ajv's optimizer makes an object for each of the 1,500 names in its code, and V8 gives no more shapes than that to what begins as `{}`:
  // from then on every object of four fields, one of them a time, is a dictionary, and a simulation takes a third longer.
  code: { optimize: false }
}).compile<Scenario>(scenarioSchema)

/**
 * Checks a scenario that was written in TypeScript.
 *
 * @throws {ScenarioError} naming each field that is wrong
 */
export function scenario(written: Scenario): Scenario {
  return checked(written, ({ path, message }) => `${path.join('.')}: ${message}`)
}

/**
 * Reads a scenario in YAML (and so in JSON).
 *
 * @param file what it is called in errors
 * @throws {ScenarioError} naming line and field of everything that is wrong
 */
export function readScenario(text: string, file: string): Scenario {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors.length > 0) {
    throw new ScenarioError(`${file}: ${document.errors.map(({ message }) => message).join('\n')}`)
  }
  const where = ({ path, message }: Objection): string => {
    const field = path.length > 0 ? `${path.join('.')}: ` : ''
    return `${file}:${lines.linePos(offsetOf(document, path)).line}: ${field}${message}`
  }
  return checked(document.toJS(), where)
}

/** Where a field is in the text, or the nearest field around it that is there. */
function offsetOf(document: Document.Parsed, path: readonly string[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
      return node.range[0]
    }
  }
  return 0
}

function checked(written: unknown, where: (objection: Objection) => string): Scenario {
  if (!validate(written)) {
    throw new ScenarioError((validate.errors ?? []).map(error => where(inWords(error))).join('\n'))
  }
  const objections = contradictions(written)
  if (objections.length > 0) {
    throw new ScenarioError(objections.map(where).join('\n'))
  }
  return written
}

function inWords({ instancePath, keyword, params, message = 'is wrong' }: ErrorObject): Objection {
  const path = instancePath.split('/').slice(1)
  switch (keyword) {
    case 'required':
      return { path, message: `'${params.missingProperty}' is missing` }
    case 'additionalProperties':
      return { path: [...path, params.additionalProperty], message: 'there is no such field' }
    case 'enum':
      return { path, message: `must be one of ${params.allowedValues.join(', ')}` }
    case 'discriminator':
      return { path: [...path, params.tag], message: `there is no ${params.tag} '${params.tagValue}'` }
    default:
      return { path, message }
  }
}

/** What the schema cannot say. */
function contradictions({ fleet, faults = [], plans, deadline }: Scenario): Objection[] {
  const found: Objection[] = []
  const names = fleet.map(({ name }) => name)
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) {
      found.push({ path: ['fleet', `${i}`, 'name'], message: `there are machines '${name}' already` })
    }
  })
  faults.forEach(({ on }, i) => {
    const machines = fleet.filter(({ name }) => name === (on?.machines ?? name))
    const there = machines.reduce((sum, { count }) => sum + count, 0)
    if (there === 0) {
      found.push({ path: ['faults', `${i}`, 'on', 'machines'], message: `the fleet has only ${names.join(', ')}` })
    } else if (on?.count !== undefined && (on.count > there || on.share !== undefined)) {
      const message = on.share === undefined ? `there are only ${there} machines` : 'give a count or a share, not both'
      found.push({ path: ['faults', `${i}`, 'on', 'count'], message })
    }
  })
  plans.forEach((plan, i) => {
    try {
      const companions = timedCompanions(plan)
      planSpec(planInit(plan, { deadline }, { id: TIMED_MODEL, outputName: OUTPUT, companions }))
    } catch (error) {
      found.push({ path: ['plans', `${i}`], message: error instanceof Error ? error.message : String(error) })
    }
  })
  return found
}
