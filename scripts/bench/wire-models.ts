import type { ModelSignature } from '../../src/models/index.ts'

/** The model that gives back its input, a row of floats, and the one that answers with a single number. */
export const ECHO = 'echo'
export const COUNT = 'count'

const rows = { name: 'x', dtype: 'float32', shape: [null, null] } as const

export const ECHO_SIGNATURE: ModelSignature = {
  inputs: [rows],
  outputs: [{ name: 'y', dtype: 'float32', shape: [null, null] }]
}
export const COUNT_SIGNATURE: ModelSignature = {
  inputs: [rows],
  outputs: [{ name: 'n', dtype: 'int32', shape: [1] }]
}
