import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { checkModelFile, MalformedModelError, UnsafeModelError, type UnsafeReason } from '../../src/models/index.ts'
import {
  type GraphProtoSchema,
  ModelProtoSchema,
  readOnnx,
  TensorProto_DataLocation,
  type TensorProtoSchema
} from '../../src/models/onnx/index.ts'

type Graph = MessageInitShape<typeof GraphProtoSchema>
type TensorInit = MessageInitShape<typeof TensorProtoSchema>

const root = path.resolve(import.meta.dirname, '../..')
const lenet5 = readFileSync(path.join(root, 'scripts/models/digits/lenet5.onnx'))
const FLOAT = 1

function fileOf(model: MessageInitShape<typeof ModelProtoSchema>): Uint8Array {
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, model))
}

function withGraph(graph: Graph): Uint8Array {
  return fileOf({ irVersion: 8n, graph })
}

function withTensor(tensor: TensorInit): Uint8Array {
  return withGraph({ initializer: [{ name: 'w', dims: [2n], dataType: FLOAT, ...tensor }] })
}

function shaped(dims: readonly bigint[]): Graph {
  const dim = dims.map(value => ({ value: { case: 'dimValue' as const, value } }))
  return { input: [{ name: 'x', type: { value: { case: 'tensorType', value: { elemType: FLOAT, shape: { dim } } } } }] }
}

function nested(depth: number): Graph {
  return depth === 0 ? {} : { node: [{ opType: 'If', attribute: [{ name: 'then', g: nested(depth - 1) }] }] }
}

describe('a model file', () => {
  const files = globSync('{test/fixtures/models,scripts/models/*}/*.onnx', { cwd: root })

  it('of an exporter is taken', () => {
    assert.ok(files.length >= 8, `only ${files.length} models were found`)
    for (const file of files) {
      checkModelFile(readFileSync(path.join(root, file)))
    }
  })

  it('is read without a copy of its tensors, and written again as it was', () => {
    const model = readOnnx(lenet5)
    const weights = model.graph?.initializer ?? []
    assert.ok(weights.length > 0 && weights.every(({ rawData }) => rawData.buffer === lenet5.buffer))
    assert.deepEqual(Buffer.from(toBinary(ModelProtoSchema, model)), lenet5)
  })

  it('that is too large is refused before it is read', () => {
    assert.throws(() => checkModelFile(Buffer.alloc(101, 0xff), { maxBytes: 100 }), { reason: 'too-large' })
  })
})

const element = { rawData: new Uint8Array(4) }
const UNSAFE: Array<[string, UnsafeReason, Uint8Array]> = [
  [
    'an initializer in another file',
    'external-data',
    withTensor({ externalData: [{ key: 'location', value: '../../etc/passwd' }] })
  ],
  [
    'an initializer that only says that it is in another file',
    'external-data',
    withTensor({ dataLocation: TensorProto_DataLocation.EXTERNAL, rawData: new Uint8Array(8) })
  ],
  [
    'a tensor in another file, in a node in the body of a node',
    'external-data',
    withGraph({
      node: [
        {
          opType: 'If',
          attribute: [
            { g: { node: [{ attribute: [{ tensors: [{ externalData: [{ key: 'location', value: 'w' }] }] }] }] } }
          ]
        }
      ]
    })
  ],
  ['an operator of an unknown domain', 'custom-operator', withGraph({ node: [{ opType: 'Run', domain: 'com.evil' }] })],
  ['functions of its own', 'local-function', fileOf({ graph: {}, functions: [{ domain: 'mine', name: 'f' }] })],
  ['training graphs', 'training', fileOf({ graph: {}, trainingInfo: [{}] })],
  ['a sparse initializer', 'sparse-tensor', withGraph({ sparseInitializer: [{ dims: [10n ** 12n] }] })],
  [
    'a sparse constant',
    'sparse-tensor',
    withGraph({ node: [{ attribute: [{ sparseTensor: { dims: [10n ** 12n] } }] }] })
  ],
  ['a tensor of a terabyte in four bytes', 'tensor-size', withTensor({ dims: [2n ** 38n], ...element })],
  ['a tensor whose size overflows', 'tensor-size', withTensor({ dims: [2n ** 62n, 4n], ...element })],
  ['a tensor with a negative length', 'tensor-size', withTensor({ dims: [-1n, -1n], ...element })],
  ['a tensor with fewer bytes than its shape', 'tensor-size', withTensor(element)],
  ['a tensor with fewer values than its shape', 'tensor-size', withTensor({ floatData: [1] })],
  ['a tensor without data', 'tensor-size', withTensor({})],
  ['a tensor of an unknown type', 'tensor-size', withTensor({ dataType: 99, rawData: new Uint8Array(8) })],
  ['an input with a negative length', 'shape', withGraph(shaped([-4n]))],
  ['an input of absurd size', 'shape', withGraph(shaped([65536n, 65537n]))],
  ['an input with absurdly many axes', 'shape', withGraph(shaped(Array.from({ length: 17 }, () => 1n)))],
  ['graphs nested deeper than any model', 'nesting', withGraph(nested(9))]
]

describe('a model file is refused that has', () => {
  for (const [what, reason, file] of UNSAFE) {
    it(what, () => {
      assert.throws(() => checkModelFile(file), { name: 'UnsafeModelError', code: 'ERR_UNSAFE_MODEL', reason })
    })
  }

  it('none of this: data as bytes, as values, packed two to a byte, empty, or as text', () => {
    checkModelFile(withTensor({ rawData: new Uint8Array(8) }))
    checkModelFile(withTensor({ floatData: [1, 2] }))
    checkModelFile(withTensor({ dims: [3n], dataType: 22, int32Data: [0x12, 3] }))
    checkModelFile(withTensor({ dims: [3n], dataType: 22, rawData: Uint8Array.of(0x12, 3) }))
    checkModelFile(withTensor({ dims: [0n, 7n] }))
    checkModelFile(withTensor({ dims: [], dataType: 8, stringData: [Buffer.from('label')] }))
    checkModelFile(withGraph(nested(8)))
  })
})

/** Empty messages inside messages: the path names the fields from the outermost in. */
function russianDoll(path: readonly number[]): Uint8Array {
  const wrap = (inner: Uint8Array, field: number): Uint8Array =>
    new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(inner).finish()
  return path.toReversed().reduce(wrap, new Uint8Array())
}

/** A list of optional lists of optional lists … of a value between nodes. */
const manyLists = [13, 2, ...Array.from({ length: 5000 }, () => [9, 1]).flat()]

const GRAPH_FIELD = 7
const inGraph = (graph: Uint8Array): Uint8Array =>
  new BinaryWriter().tag(GRAPH_FIELD, WireType.LengthDelimited).bytes(graph).finish()

const MALFORMED: Array<[string, Uint8Array]> = [
  ['is empty', new Uint8Array()],
  ['is text', Buffer.from('not a model')],
  ['has no graph', fileOf({ irVersion: 8n })],
  ['is in ONNX Runtime’s own format', Buffer.from('\x1c\0\0\0ORTM\0\0\0\0', 'latin1')],
  ['is cut off', lenet5.subarray(0, -1)],
  ['nests types deeper than a stack', inGraph(russianDoll(manyLists))],
  ['is made of a million empty nodes', inGraph(Buffer.from('0a00'.repeat(1_000_000), 'hex'))],
  [
    'hides an external location in a field of the wrong wire type',
    inGraph(new BinaryWriter().tag(5, WireType.Varint).uint32(1).finish())
  ],
  [
    'has a message that is longer than the one that it is in',
    inGraph(new BinaryWriter().tag(1, WireType.LengthDelimited).uint32(100).finish())
  ]
]

describe('a file is no model that', () => {
  for (const [what, file] of MALFORMED) {
    it(what, () => {
      assert.throws(() => checkModelFile(file), { name: 'MalformedModelError', code: 'ERR_MALFORMED_MODEL' })
    })
  }

  it('was changed anywhere, or else it is still one: nothing else is ever thrown', () => {
    const small = readFileSync(path.join(root, 'test/fixtures/models/slow.onnx'))
    const change = fc.record({ at: fc.nat(small.length - 1), byte: fc.nat(255), end: fc.integer({ min: 0, max: 8 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), changes => {
        const file = Uint8Array.from(small)
        for (const { at, byte } of changes) {
          file[at] = byte
        }
        try {
          checkModelFile(file.subarray(0, file.length - changes[0].end))
        } catch (error) {
          assert.ok(error instanceof MalformedModelError || error instanceof UnsafeModelError, String(error))
        }
      }),
      { numRuns: 2000 }
    )
  })
})
