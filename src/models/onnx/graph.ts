import type { GraphProto, NodeProto } from './onnx_pb.ts'

/** The inputs; older files list weights among them. */
export function inputsOf({ input, initializer }: GraphProto): Set<string> {
  const weights = new Set(initializer.map(({ name }) => name))
  return new Set(input.map(({ name }) => name).filter(name => !weights.has(name)))
}

/** The nodes that an input has a part in. */
export function movingNodes(graph: GraphProto): NodeProto[] {
  const moving = inputsOf(graph)
  return graph.node.filter(({ input, output }) => {
    const moves = input.some(name => moving.has(name))
    for (const name of moves ? output : []) {
      moving.add(name)
    }
    return moves
  })
}

/** Of these nodes, in their order, those that these tensors are made by. */
export function neededFor(tensors: readonly string[], nodes: readonly NodeProto[]): NodeProto[] {
  const wanted = new Set(tensors)
  const needed: NodeProto[] = []
  for (const node of nodes.toReversed()) {
    if (node.output.some(name => wanted.has(name))) {
      needed.unshift(node)
      node.input.forEach(name => {
        wanted.add(name)
      })
    }
  }
  return needed
}

/** Has it a graph of its own, which may use tensors that are not among its inputs? */
export function holdsGraph({ attribute }: NodeProto): boolean {
  return attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0)
}
