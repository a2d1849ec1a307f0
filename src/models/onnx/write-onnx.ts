import { clone, create, toBinary } from '@bufbuild/protobuf'
import { holdsGraph, neededFor } from './graph.ts'
import {
  AttributeProto_AttributeType,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema
} from './onnx_pb.ts'

/** One operator of a graph, of the domain that every ONNX runtime has. */
export interface OnnxNode {
  op: string
  /** Names of inputs of the graph, of weights, or of outputs of nodes before it. */
  inputs: readonly string[]
  output: string
  /** Whole numbers, one or a list: all that operators here need. */
  attributes?: Readonly<Record<string, number | readonly number[]>>
}

/** A float32 input or output; an axis without a fixed length has a name, like `batch`. Without a shape, it is not known. */
export interface OnnxValue {
  name: string
  shape?: ReadonlyArray<number | string>
}

export interface OnnxWeight {
  shape: readonly number[]
  values: Float32Array
}

export interface OnnxGraph {
  inputs: readonly OnnxValue[]
  outputs: readonly OnnxValue[]
  /** By name. */
  weights: Readonly<Record<string, OnnxWeight>>
  /** In an order in which they can be run. */
  nodes: readonly OnnxNode[]
}

/** Of ONNX 1.12, which every ONNX Runtime from 1.12 on reads. */
const IR_VERSION = 8n
const OPSET = 17n
const FLOAT = 1

/** The file of a float32 graph. The same graph gives the same bytes. */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'splinemesh',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: { name: 'graph', ...messages(graph) }
  })
  return toBinary(ModelProtoSchema, model)
}

/** What is changed in a graph. */
export interface OnnxEdit extends Partial<OnnxGraph> {
  /** Outputs beside those that it has. */
  more?: readonly OnnxValue[]
  /** Tensors inside of which something is to be said. */
  inside?: readonly OnnxValue[]
}

/**
 * The file of a model with other inputs and outputs, if they are given, and with these nodes after its own. With other outputs, what
 * none of them needs is left out.
 *
 * @param model is left as it is
 */
export function rewriteOnnx(
  model: ModelProto,
  { inputs, outputs, more = [], inside = [], weights = {}, nodes = [] }: OnnxEdit
): Uint8Array {
  const { initializer, node } = messages({ inputs: [], outputs: [], weights, nodes })
  const edited = clone(ModelProtoSchema, model)
  const { graph = create(GraphProtoSchema, { name: 'graph' }) } = edited
  edited.graph = graph
  graph.input = inputs?.map(value) ?? graph.input
  graph.output = [...(outputs?.map(value) ?? graph.output), ...more.map(value)]
  graph.initializer.push(...initializer)
  graph.node.push(...node)
  // What it said was worked out for the inputs as they were.
  graph.valueInfo = inside.map(value)
  if (outputs !== undefined && !graph.node.some(holdsGraph)) {
    graph.node = neededFor(
      graph.output.map(({ name }) => name),
      graph.node
    )
    const read = new Set([...graph.node.flatMap(({ input }) => input), ...graph.output.map(({ name }) => name)])
    graph.initializer = graph.initializer.filter(({ name }) => read.has(name))
  }
  return toBinary(ModelProtoSchema, edited)
}

function messages({ inputs, outputs, weights, nodes }: OnnxGraph) {
  return {
    input: inputs.map(value),
    output: outputs.map(value),
    initializer: Object.entries(weights).map(([name, { shape, values }]) =>
      create(TensorProtoSchema, {
        name,
        dims: shape.map(BigInt),
        dataType: FLOAT,
        rawData: littleEndian(values)
      })
    ),
    node: nodes.map(({ op, inputs, output, attributes = {} }) =>
      create(NodeProtoSchema, {
        opType: op,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([name, numbers]) =>
          typeof numbers === 'number'
            ? { name, type: AttributeProto_AttributeType.INT, i: BigInt(numbers) }
            : { name, type: AttributeProto_AttributeType.INTS, ints: numbers.map(BigInt) }
        )
      })
    )
  }
}

function value({ name, shape }: OnnxValue): ValueInfoProto {
  const dim = shape?.map(length =>
    typeof length === 'string'
      ? { value: { case: 'dimParam' as const, value: length } }
      : { value: { case: 'dimValue' as const, value: BigInt(length) } }
  )
  const type = { value: { case: 'tensorType' as const, value: { elemType: FLOAT, shape: shape && { dim } } } }
  return create(ValueInfoProtoSchema, { name, type })
}

/** ONNX's raw data are little-endian on every machine. */
function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((number, i) => {
    view.setFloat32(4 * i, number, true)
  })
  return bytes
}
