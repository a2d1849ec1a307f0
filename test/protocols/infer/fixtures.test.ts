import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fromString } from 'uint8arrays/from-string'
import { toString as textOf } from 'uint8arrays/to-string'
import { type FrameHead, FrameReader, type FrameType } from '../../../protocols/infer/frames.ts'
import {
  decodeEarly,
  decodeFailure,
  decodeHello,
  decodeRequest,
  decodeResult,
  encodeEarly,
  encodeFailure,
  encodeHello,
  encodeRequest,
  encodeResult
} from '../../../protocols/infer/messages.ts'
import { bodyBytes, bodyParts, tensorsOf } from '../../../src/models/index.ts'
import { frame } from './peers.ts'

interface Fixture {
  name: string
  type: FrameType
  id: number
  message: object
  /** Hexadecimal, as is the whole frame in `hex`. */
  body: string
  hex: string
}

function fixtures<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/protocols/infer/${name}.json`, import.meta.url), 'utf8'))
}

/** What the bytes say: of each frame its head, its message, and its body. */
function read(hex: string): Array<{ head: FrameHead; message: object; body: Uint8Array }> {
  const frames: Array<{ head: FrameHead; message: object; body: Uint8Array }> = []
  const reader = new FrameReader({
    maxBodyBytes: type => (['hello', 'request', 'result', 'early'].includes(type) ? 2 ** 20 : 0),
    begin: () => true,
    end: (head, body = new Uint8Array(0)) => frames.push({ head, message: decode(head, body), body })
  })
  reader.push(fromString(hex, 'base16'))
  return frames
}

function decode({ type, header }: FrameHead, body: Uint8Array): object {
  switch (type) {
    case 'hello':
      return decodeHello(header, body)
    case 'request':
      return decodeRequest(header)
    case 'result':
      return decodeResult(header)
    case 'early':
      return { outputs: decodeEarly(header) }
    case 'failed':
      return decodeFailure(header)
    default:
      return {}
  }
}

/** The frame that the implementation makes of what it read. */
function written({ type, id, header }: FrameHead, body: Uint8Array): Uint8Array {
  switch (type) {
    case 'hello': {
      const hello = encodeHello(decodeHello(header, body))
      return frame(type, id, hello.header, hello.body)
    }
    case 'request':
      return frame(type, id, encodeRequest(decodeRequest(header)), body)
    case 'result':
      return frame(type, id, encodeResult(decodeResult(header)), body)
    case 'early':
      return frame(type, id, encodeEarly(decodeEarly(header)), body)
    case 'failed':
      return frame(type, id, encodeFailure(decodeFailure(header)))
    default:
      return frame(type, id)
  }
}

describe('the frames of the protocol page', () => {
  for (const { name, type, id, message, body, hex } of fixtures<Fixture>('frames')) {
    it(`${name}: is read as it says, and written as it was read`, () => {
      const [read1, ...others] = read(hex)
      assert.equal(others.length, 0)
      assert.equal(read1.head.type, type)
      assert.equal(read1.head.id, id)
      assert.deepEqual(read1.message, message)
      assert.equal(textOf(read1.body, 'base16'), body)
      assert.equal(textOf(written(read1.head, read1.body), 'base16'), hex)
    })
  }

  it('carry tensors that start at multiples of 8', () => {
    const fixture = fixtures<Fixture>('frames').find(({ type }) => type === 'request')
    const [{ head, body }] = read(fixture?.hex ?? '')
    const { inputs } = decodeRequest(head.header)
    const tensors = tensorsOf(inputs, body)
    assert.deepEqual(tensors.x.data, Float32Array.of(1, -2, 0.5))
    assert.deepEqual(tensors.n.data, BigInt64Array.of(-1n))
    assert.equal(bodyBytes(inputs), body.length)
    assert.deepEqual(Buffer.concat(bodyParts([tensors.x, tensors.n])), Buffer.from(body))
    assert.equal(tensors.n.data.buffer, body.buffer, 'the tensors view the body, they do not copy it')
  })
})

describe('what a later minor version adds is passed over', () => {
  for (const { name, type, message, hex } of fixtures<Pick<Fixture, 'name' | 'type' | 'message' | 'hex'>>(
    'tolerated'
  )) {
    it(name, () => {
      const [only] = read(hex)
      assert.equal(only.head.type, type)
      assert.deepEqual({ code: undefined, ...only.message }, { code: undefined, ...message })
    })
  }
})

describe('what breaks the rules is refused', () => {
  for (const { name, hex } of fixtures<Pick<Fixture, 'name' | 'hex'>>('broken')) {
    it(name, () => {
      assert.throws(() => read(hex), { name: 'WireError', code: 'ERR_WIRE' })
    })
  }
})
