import { inputsOf, movingNodes, neededFor } from './graph.ts'
import type { GraphProto, NodeProto } from './onnx_pb.ts'

/** A tensor that all passes through which a model knows of a query, and the nodes that make it. */
export interface Cut {
  tensor: string
  before: readonly NodeProto[]
}

/** Where a model can be cut so that one tensor alone passes, in the order of its nodes. */
export function cutsOf(graph: GraphProto): Cut[] {
  const nodes = movingNodes(graph)
  const outputs = graph.output.map(({ name }) => name)
  return nodes.flatMap(({ output: [tensor] }) => {
    const before = new Set(neededFor([tensor], nodes))
    const made = new Set([...inputsOf(graph), ...[...before].flatMap(({ output }) => output)])
    const taken = nodes.flatMap(node => (before.has(node) ? [] : node.input))
    const passing = new Set([...taken, ...outputs].filter(name => made.has(name)))
    return passing.size === 1 && passing.has(tensor) ? { tensor, before: [...before] } : []
  })
}
