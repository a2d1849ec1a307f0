import { type Dtype, DtypeMismatchError, type Packing, type Shape, ShapeMismatchError } from '../tensor/index.ts'
import { SignatureMismatchError } from './errors.ts'
import type { ModelSignature, NamedTensors, TensorSpec } from './signature.ts'

/** What is known of a tensor before its data: its name, element type and true shape. */
export interface TensorHeader {
  name: string
  dtype: Dtype
  shape: Shape
  /** The form in which its float32 elements lie in a body. Absent: as they are. */
  packing?: Packing
}

/** The headers of named tensors, in their order. */
export function headersOf(tensors: NamedTensors): TensorHeader[] {
  return Object.entries(tensors).map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
}

/**
 * Checks that these are all the inputs of the model, each of its dtype and of a shape that it takes. It looks at no
 * data, so a request can be judged by its header.
 *
 * @throws {SignatureMismatchError} an input is missing, unknown or given twice
 * @throws {DtypeMismatchError} an input has another dtype
 * @throws {ShapeMismatchError} an input has another rank, or another length where the model wants a certain one
 */
export function checkInputs(signature: ModelSignature, inputs: readonly TensorHeader[]): void {
  checkNames('input', signature.inputs, namesOf(inputs))
  checkEach('input', signature.inputs, inputs)
  const missing = signature.inputs.find(spec => !inputs.some(({ name }) => name === spec.name))
  if (missing !== undefined) {
    throw new SignatureMismatchError(
      `the input '${missing.name}' is missing: the model takes ${list(signature.inputs)}`
    )
  }
}

/**
 * Checks the names of the outputs that are wanted of a model.
 *
 * @throws {SignatureMismatchError} none is wanted, one is unknown, or one is named twice
 */
export function checkWanted(signature: ModelSignature, wanted: readonly string[]): void {
  if (wanted.length === 0) {
    throw new SignatureMismatchError(`name at least one output: the model gives ${list(signature.outputs)}`)
  }
  checkNames('output', signature.outputs, wanted)
}

/**
 * Checks that a result has the outputs that were wanted, no other, each of the dtype and a shape that the signature
 * declares.
 *
 * @throws {SignatureMismatchError} an output is missing, was not asked for, or is given twice
 * @throws {DtypeMismatchError} an output has another dtype
 * @throws {ShapeMismatchError} an output has another shape
 */
export function checkOutputs(
  signature: ModelSignature,
  wanted: readonly string[],
  outputs: readonly TensorHeader[]
): void {
  const specs = signature.outputs.filter(({ name }) => wanted.includes(name))
  checkNames('output', specs, namesOf(outputs))
  checkEach('output', specs, outputs)
  const missing = wanted.find(name => !outputs.some(output => output.name === name))
  if (missing !== undefined) {
    throw new SignatureMismatchError(`the output '${missing}' was asked for and did not come`)
  }
}

type Side = 'input' | 'output'

function checkNames(side: Side, specs: readonly TensorSpec[], names: readonly string[]): void {
  names.forEach((name, i) => {
    if (!specs.some(spec => spec.name === name)) {
      throw new SignatureMismatchError(`there is no ${side} '${name}' here: expected ${list(specs)}`)
    }
    if (names.indexOf(name) !== i) {
      throw new SignatureMismatchError(`the ${side} '${name}' is given twice: give each name once`)
    }
  })
}

function checkEach(side: Side, specs: readonly TensorSpec[], tensors: readonly TensorHeader[]): void {
  for (const spec of specs) {
    const tensor = tensors.find(({ name }) => name === spec.name)
    if (tensor !== undefined) {
      checkTensor(side, spec, tensor)
    }
  }
}

function checkTensor(side: Side, spec: TensorSpec, { dtype, shape }: TensorHeader): void {
  if (dtype !== spec.dtype) {
    throw new DtypeMismatchError(`the ${side} '${spec.name}' is ${spec.dtype}, got ${dtype}`)
  }
  const undeclared = spec.shape.length === 0
  const fits =
    shape.length === spec.shape.length && spec.shape.every((want, axis) => want === null || want === shape[axis])
  if (!fits && !undeclared) {
    throw new ShapeMismatchError(
      `the ${side} '${spec.name}' has shape [${spec.shape.map(want => want ?? 'any')}], got [${shape}]`
    )
  }
}

function namesOf(tensors: readonly TensorHeader[]): string[] {
  return tensors.map(({ name }) => name)
}

function list(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => `'${name}'`).join(', ')
}
