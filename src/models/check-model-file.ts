import { MalformedModelError, UnsafeModelError } from './errors.ts'
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from './onnx/index.ts'
import { readOnnx, TensorProto_DataLocation } from './onnx/index.ts'
import { checkTensorSize } from './tensor-size.ts'

/** Operators that ONNX Runtime has itself; those of any other domain come with a library that would have to be loaded. */
const DOMAINS = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft']

/** Graphs inside nodes of graphs, such as the body of a loop. */
const MAX_GRAPH_DEPTH = 8

const MAX_AXES = 16

/** Elements of a declared input, output or value between nodes; 2³¹ float32 are 8 GB. */
const MAX_ELEMENTS = 2 ** 31

/** The largest file that is looked at, if the caller says nothing. */
const DEFAULT_MAX_FILE_BYTES = 1024 * 1024 * 1024

/** In an ORT file, which is no ONNX and which ONNX Runtime takes just as well, these bytes stand at 4. */
const ORT_MARK = 'ORTM'

/**
 * Checks a model file before ONNX Runtime sees it. It must be one self-contained ONNX file: no tensor in another file
 * (CVE-2022-25882, CVE-2024-27318, CVE-2025-51480), no operators that ONNX Runtime does not have itself, no tensor whose
 * shape is not backed by bytes in the file. The data of tensors is neither copied nor looked at.
 *
 * What a model computes is not judged: one that fits can still be slow, large when it runs, or wrong.
 *
 * @throws {MalformedModelError} it is no ONNX file, or a broken one
 * @throws {UnsafeModelError} it has something that is refused; `reason` says what
 */
export function checkModelFile(file: Uint8Array, { maxBytes = DEFAULT_MAX_FILE_BYTES } = {}): void {
  if (file.length > maxBytes) {
    throw new UnsafeModelError('too-large', `the model file has ${file.length} bytes, at most ${maxBytes} are taken`)
  }
  if (Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1', 4, 8) === ORT_MARK) {
    throw new MalformedModelError('this is a file of ONNX Runtime’s own format: give the .onnx file it was made from')
  }
  const { graph, functions, trainingInfo } = readOnnx(file)
  if (graph === undefined) {
    throw new MalformedModelError('this is no ONNX model: it has no graph')
  }
  if (functions.length > 0) {
    throw new UnsafeModelError(
      'local-function',
      `the model defines functions of its own (${functions[0].domain}.${functions[0].name}), which can grow without bound: inline them when exporting`
    )
  }
  if (trainingInfo.length > 0) {
    throw new UnsafeModelError('training', 'the model carries training graphs: export it for inference')
  }
  checkGraph(graph, 0)
}

function checkGraph(graph: GraphProto, depth: number): void {
  if (depth > MAX_GRAPH_DEPTH) {
    throw new UnsafeModelError('nesting', `the model nests graphs more than ${MAX_GRAPH_DEPTH} deep`)
  }
  if (graph.sparseInitializer.length > 0) {
    throw sparse('an initializer')
  }
  graph.initializer.forEach(checkTensor)
  for (const value of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    checkShape(value)
  }
  for (const node of graph.node) {
    checkNode(node, depth)
  }
}

function checkNode(node: NodeProto, depth: number): void {
  if (!DOMAINS.includes(node.domain)) {
    throw new UnsafeModelError(
      'custom-operator',
      `the model uses the operator '${node.opType}' of the domain '${node.domain}', which ONNX Runtime does not have itself; ` +
        `its own are ${DOMAINS.slice(1).join(', ')}`
    )
  }
  for (const attribute of node.attribute) {
    checkAttribute(attribute, node, depth)
  }
}

function checkAttribute({ t, tensors, g, graphs, ...others }: AttributeProto, node: NodeProto, depth: number): void {
  if (others.sparseTensor !== undefined || others.sparseTensors.length > 0) {
    throw sparse(`the node '${node.name}'`)
  }
  for (const tensor of t === undefined ? tensors : [t, ...tensors]) {
    checkTensor(tensor)
  }
  for (const graph of g === undefined ? graphs : [g, ...graphs]) {
    checkGraph(graph, depth + 1)
  }
}

function checkTensor(tensor: TensorProto): void {
  const { name, dataLocation, externalData } = tensor
  if (dataLocation === TensorProto_DataLocation.EXTERNAL || externalData.length > 0) {
    throw new UnsafeModelError(
      'external-data',
      `the tensor '${name}' is in another file, which has no content id: export the model as one file`
    )
  }
  checkTensorSize(tensor)
}

/** Tensors are checked by what they have; values that come to be when the model runs, by what is declared. */
function checkShape({ name, type }: ValueInfoProto): void {
  const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined
  const known = (shape?.dim ?? []).flatMap(({ value }) => (value.case === 'dimValue' ? [Number(value.value)] : []))
  const elements = known.reduce((product, length) => product * Math.max(length, 1), 1)
  if (known.some(length => length < 0) || elements > MAX_ELEMENTS || (shape?.dim.length ?? 0) > MAX_AXES) {
    throw new UnsafeModelError(
      'shape',
      `the value '${name}' is declared with ${shape?.dim.length} axes, of the lengths ${known.join(', ')}: ` +
        `at most ${MAX_AXES} axes and ${MAX_ELEMENTS} elements are taken`
    )
  }
}

function sparse(where: string): UnsafeModelError {
  return new UnsafeModelError(
    'sparse-tensor',
    `${where} is a sparse tensor, which a few bytes make as large as they like`
  )
}
