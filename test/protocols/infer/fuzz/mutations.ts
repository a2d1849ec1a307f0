import { FRAME, type FrameType } from '../../../../protocols/infer/frames.ts'
import {
  encodeEarly,
  encodeFailure,
  encodeHello,
  encodeRequest,
  encodeResult
} from '../../../../protocols/infer/messages.ts'
import type { Random } from '../../../../src/chance/index.ts'
import { bodyBytes, contentId, type Model, type TensorHeader, type TensorSpec } from '../../../../src/models/index.ts'
import { DTYPES, type Packing } from '../../../../src/tensor/index.ts'
import { frame } from '../peers.ts'

const MODEL = contentId(Uint8Array.of(0))
const TYPES = Object.keys(FRAME).filter((name): name is FrameType => Object.hasOwn(FRAME, name))

const PACKINGS: readonly Packing[] = ['float16', 'int8']

/** Where fields of the protocol tend to turn over. */
const EDGES = [
  0, 1, 7, 8, 9, 127, 128, 255, 256, 0x3fff, 0x4000, 0x4001, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff
]

/** Bytes of a stream: a whole frame, or what became of it. */
export function mutatedFrame(random: Random): Uint8Array {
  const bytes = Uint8Array.from(validFrame(random))
  const mutations = whole(random, 4)
  return Array.from({ length: mutations }).reduce((mutated: Uint8Array) => mutate(mutated, random), bytes)
}

/** A frame as a peer would send it, of any type, now and then long. */
export function validFrame(random: Random): Uint8Array {
  const type = pick(TYPES, random)
  const id = whole(random, 5)
  switch (type) {
    case 'hello': {
      const models = Array.from({ length: whole(random, 3) }, (): Model => {
        return { id: MODEL, name: text(random), signature: { inputs: specs(random), outputs: specs(random) } }
      })
      const bounds = { requests: whole(random, 9), bytes: 1000, maxBodyBytes: 1000 }
      const early = random() < 0.5 || undefined
      const { header, body } = encodeHello({ ...bounds, packings: PACKINGS.slice(whole(random, 3)), early, models })
      return frame(type, id, header, body)
    }
    case 'request': {
      const inputs = headers(random)
      const header = encodeRequest({ model: MODEL, remaining: 10, outputs: texts(random), inputs })
      return frame(type, id, header, new Uint8Array(bodyBytes(inputs)))
    }
    case 'result': {
      const outputs = headers(random)
      return frame(
        type,
        id,
        encodeResult({ queueMicros: 1, runMicros: 2, outputs }),
        new Uint8Array(bodyBytes(outputs))
      )
    }
    case 'early': {
      const outputs = headers(random)
      return frame(type, id, encodeEarly(outputs), new Uint8Array(bodyBytes(outputs)))
    }
    case 'failed': {
      const timings = random() < 0.5 ? { queueMicros: 1, runMicros: 2 } : undefined
      return frame(type, id, encodeFailure({ code: 'run-failed', timings, message: text(random) }))
    }
    default:
      return frame(type, id)
  }
}

/** One change that keeps some of the structure: a bit, a field, a cut, a repetition, or bytes that do not belong there. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const at = whole(random, bytes.length + 1)
  const some = 1 + whole(random, 8)
  switch (whole(random, 6)) {
    case 0:
      return changed(bytes, at, byte => byte ^ (1 << whole(random, 8)))
    case 1:
      return changed(bytes, at, () => whole(random, 256))
    case 2:
      return withField(bytes, at, pick(EDGES, random), pick([1, 2, 4], random))
    case 3:
      return bytes.slice(0, at)
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - some))])
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + some)])
  }
}

function changed(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice()
  if (at < copy.length) {
    copy[at] = change(copy[at])
  }
  return copy
}

function withField(bytes: Uint8Array, at: number, value: number, width: number): Uint8Array {
  const copy = bytes.slice()
  for (let i = 0; i < width && at + i < copy.length; i++) {
    copy[at + i] = value >>> (8 * i)
  }
  return copy
}

/** Specs of tensors that are there, of which float32 ones may be packed. */
function headers(random: Random): TensorHeader[] {
  return Array.from({ length: whole(random, 4) }, (_, i) => {
    const packing = pick([undefined, undefined, ...PACKINGS], random)
    return {
      name: `${text(random)}${i}`,
      dtype: packing === undefined ? pick(DTYPES, random) : 'float32',
      shape: Array.from({ length: whole(random, 4) }, () => whole(random, 5)),
      packing
    }
  })
}

function specs(random: Random): TensorSpec[] {
  return headers(random).map(({ name, dtype, shape }) => ({ name, dtype, shape: [null, ...shape] }))
}

function texts(random: Random): string[] {
  return Array.from({ length: whole(random, 4) }, () => text(random))
}

function text(random: Random): string {
  return pick(['', 'x', 'logits', 'ŷ', 'x'.repeat(40)], random)
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[whole(random, from.length)]
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below)
}
