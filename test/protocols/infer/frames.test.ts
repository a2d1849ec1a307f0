import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { encodeFrame, FRAME, FrameReader, type FrameType } from '../../../protocols/infer/frames.ts'
import { encodeRequest } from '../../../protocols/infer/messages.ts'
import { frame } from './peers.ts'

interface Whole {
  type: FrameType
  id: number
  header: Uint8Array
  body: Uint8Array
}

const types = Object.keys(FRAME).filter((name): name is FrameType => Object.hasOwn(FRAME, name))

const frames = fc.array(
  fc.record(
    {
      type: fc.constantFrom(...types),
      id: fc.nat(2 ** 32 - 1),
      header: fc.uint8Array({ maxLength: 40 }),
      body: fc.uint8Array({ maxLength: 200 })
    },
    { noNullPrototype: true }
  ),
  { maxLength: 8 }
)

/** Cuts bytes where the cuts say; two cuts at one place give an empty chunk. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map(at => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

function collect(keep: (id: number) => boolean): { reader: FrameReader; read: Array<Whole | number> } {
  const read: Array<Whole | number> = []
  const reader = new FrameReader({
    maxBodyBytes: () => 200,
    begin: ({ id }) => keep(id),
    end: ({ type, id, header }, body) => read.push(body === undefined ? id : { type, id, header, body })
  })
  return { reader, read }
}

describe('the frame reader', () => {
  it('gives the same frames wherever the stream is cut into chunks, and skips the bodies that are not wanted', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(2000), { maxLength: 30 }), fc.boolean(), (sent, cuts, asList) => {
        const keep = (id: number): boolean => id % 3 !== 0
        const { reader, read } = collect(keep)
        const bytes = Buffer.concat(sent.map(({ type, id, header, body }) => frame(type, id, header, body)))
        const chunks = cut(new Uint8Array(bytes), cuts)
        if (asList) {
          reader.push(new Uint8ArrayList(...chunks))
        } else {
          for (const chunk of chunks) {
            reader.push(chunk)
          }
        }
        assert.deepEqual(
          read,
          sent.map(whole => (keep(whole.id) ? whole : whole.id))
        )
        assert.ok(reader.idle, 'the reader is between two frames at the end')
      })
    )
  })

  it('gives bodies memory of their own from offset 0, so that tensors are aligned in it', () => {
    const { reader, read } = collect(() => true)
    const chunk = frame('result', 1, new Uint8Array(3), Uint8Array.of(1, 2, 3))
    reader.push(chunk)
    chunk.fill(0)
    const [only] = read
    assert.ok(typeof only === 'object')
    assert.deepEqual(only.body, Uint8Array.of(1, 2, 3))
    assert.equal(only.body.byteOffset, 0)
    assert.equal(only.body.buffer.byteLength, 3)
  })

  it('reads nothing after a frame that breaks the rules', () => {
    const { reader, read } = collect(() => true)
    const bad = frame('result', 1, new Uint8Array(0), new Uint8Array(201))
    assert.throws(() => reader.push(bad), { name: 'WireError' })
    reader.push(frame('accepted', 2))
    assert.deepEqual(read, [])
  })

  it('reads nothing after it was stopped from within a frame', () => {
    const read: number[] = []
    const reader = new FrameReader({
      maxBodyBytes: () => 200,
      begin: ({ id }) => {
        read.push(id)
        reader.stop()
        return true
      },
      end: ({ id }) => read.push(id)
    })
    reader.push(Buffer.concat([frame('cancel', 1), frame('cancel', 2)]))
    assert.deepEqual(read, [1])
  })

  it('knows that a stream which ends now was cut off', () => {
    const { reader } = collect(() => true)
    assert.ok(reader.idle)
    reader.push(frame('accepted', 1).subarray(0, 5))
    assert.ok(!reader.idle)
  })
})

describe('what does not fit the wire is refused before it is sent', () => {
  const model = '00'.repeat(32)
  const input = { name: 'x', dtype: 'float32', shape: [1] } as const
  const request = { model, remaining: 1, outputs: ['y'], inputs: [input] }
  const REFUSED: Array<[string, () => unknown]> = [
    ['a header of more than 16 KiB', () => encodeFrame('request', 1, new Uint8Array(16_385), 0)],
    ['a name of more than 65,535 bytes', () => encodeRequest({ ...request, outputs: ['y'.repeat(65_536)] })],
    ['a tensor of nine axes', () => encodeRequest({ ...request, inputs: [{ ...input, shape: Array(9).fill(1) }] })],
    ['256 outputs', () => encodeRequest({ ...request, outputs: Array(256).fill('y') })],
    ['a model id that is not hexadecimal', () => encodeRequest({ ...request, model: 'lenet5'.padEnd(64) })]
  ]
  for (const [what, encode] of REFUSED) {
    it(what, () => {
      assert.throws(encode, { name: 'SendError', code: 'ERR_SEND' })
    })
  }

  it('what fits is one piece, with its body', () => {
    const bytes = encodeFrame('result', 1, Uint8Array.of(7), 3, [Uint8Array.of(8), Uint8Array.of(9, 10)])
    assert.deepEqual([...bytes.subarray(12)], [7, 8, 9, 10])
  })
})
