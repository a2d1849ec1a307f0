import { toBinary } from '@bufbuild/protobuf'
import { holdsGraph, inputsOf, movingNodes, neededFor } from './graph.ts'
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto, type ValueInfoProto } from './onnx_pb.ts'
import { readOnnx } from './read-onnx.ts'

/** An output of this name is an exit: what a model says of a query before its last layers have run. */
const EXIT = /^exit\d*$/

/** A part of a model that runs by itself. */
export interface Stage {
  /** The ONNX file. */
  file: Uint8Array
  /** Inputs of the model, or tensors that stages before it give. */
  takes: readonly string[]
  /** Outputs of the model, and tensors that later stages take. */
  gives: readonly string[]
}

/** Is an output of this name there before the others? */
export function isExit(output: string): boolean {
  return EXIT.test(output)
}

/**
 * A model cut after each of its exits, in the order of its outputs: one after the other, the stages give all that it gives, by the
 * same operators. What no input has a part in goes to each stage that needs it.
 *
 * @returns `undefined` where it cannot be cut: it has no exits, one of them needs no more than those before it or all there is, a
 *   node holds a graph of its own, or nothing says of what type a tensor is that passes from stage to stage
 * @throws {MalformedModelError} it is no ONNX file
 */
export function stagesOf(file: Uint8Array): Stage[] | undefined {
  const model = readOnnx(file)
  const { graph } = model
  const exits = graph?.output.map(({ name }) => name).filter(isExit) ?? []
  if (graph === undefined || exits.length === 0 || graph.node.some(holdsGraph)) {
    return undefined
  }
  const parts = partsOf(graph, exits)
  if (parts.some(({ length }) => length === 0)) {
    return undefined
  }
  const stages = parts.map((_, i) => stageOf({ ...model, graph }, parts, i))
  return stages.every(stage => stage !== undefined) ? stages : undefined
}

/** The nodes that each exit needs beside those before it, then all others that an input has a part in. */
function partsOf(graph: GraphProto, exits: readonly string[]): NodeProto[][] {
  let left = movingNodes(graph)
  const parts = exits.map(exit => {
    const part = neededFor([exit], left)
    left = left.filter(node => !part.includes(node))
    return part
  })
  return [...parts, left]
}

function stageOf(
  model: ModelProto & { graph: GraphProto },
  parts: readonly NodeProto[][],
  index: number
): Stage | undefined {
  const { graph } = model
  const part = parts[index]
  const moving = new Set([...inputsOf(graph), ...parts.flat().flatMap(({ output }) => output)])
  const made = part.flatMap(({ output }) => output)
  const takes = unique(part.flatMap(({ input }) => input)).filter(name => moving.has(name) && !made.includes(name))
  const later = parts.slice(index + 1).flatMap(nodes => nodes.flatMap(({ input }) => input))
  const gives = made.filter(name => later.includes(name) || graph.output.some(output => output.name === name))
  const [input, output] = [valuesOf(graph, takes), valuesOf(graph, gives)]
  if (input === undefined || output === undefined) {
    return undefined
  }
  const still = graph.node.filter(node => !node.input.some(name => moving.has(name)))
  const beside = part.flatMap(({ input }) => neededFor(input, still))
  const node = graph.node.filter(each => part.includes(each) || beside.includes(each))
  const read = new Set(node.flatMap(({ input }) => input))
  const initializer = graph.initializer.filter(({ name }) => read.has(name))
  const cut = { ...graph, node, initializer, input, output, valueInfo: [] }
  return { file: toBinary(ModelProtoSchema, { ...model, graph: cut }), takes, gives }
}

/** What the graph says of these tensors, if it does of each. */
function valuesOf({ input, output, valueInfo }: GraphProto, names: readonly string[]): ValueInfoProto[] | undefined {
  const known = new Map([...valueInfo, ...input, ...output].map(value => [value.name, value]))
  const values = names.flatMap(name => known.get(name) ?? [])
  return values.length === names.length ? values : undefined
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}
