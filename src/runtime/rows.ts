import type { NamedTensors } from '../models/index.ts'
import { stack } from '../tensor/index.ts'

/** Joins the inputs of tasks of one row each into those of one run: b times `[1, …s]` give `[b, …s]`. */
export function joinRows(tasks: readonly NamedTensors[]): NamedTensors {
  return Object.fromEntries(Object.keys(tasks[0]).map(name => [name, stack(tasks.map(inputs => inputs[name].row(0)))]))
}

/**
 * Row `index` of every tensor as `[1, …s]`, with memory of its own: the rows part here.
 *
 * @throws {ShapeMismatchError} a tensor has no such row
 */
export function rowOf(tensors: NamedTensors, index: number): NamedTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tensor.rows(index, index + 1).clone()])
  )
}
