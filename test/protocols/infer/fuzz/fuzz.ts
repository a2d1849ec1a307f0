import { Uint8ArrayList } from 'uint8arraylist'
import { type FrameHead, FrameReader } from '../../../../protocols/infer/frames.ts'
import { LastRead } from '../../../../protocols/infer/last-read.ts'
import {
  decodeEarly,
  decodeFailure,
  decodeHello,
  decodeRequest,
  decodeResult
} from '../../../../protocols/infer/messages.ts'
import { type Random, random } from '../../../../src/chance/index.ts'
import { bodyBytes, tensorsOf } from '../../../../src/models/index.ts'
import { mutatedFrame } from './mutations.ts'

/** What a peer of the fuzz takes; a body that is larger is refused by the prelude. */
const MAX_BODY_BYTES = 4096

export interface Tally {
  cases: number
  /** Cases of which at least one frame had a prelude and a header that are right. */
  passedHeader: number
  /** Cases that ended their stream by the protocol's own error. */
  refused: number
  /** Bytes of the cases. */
  bytes: number
}

/**
 * Feeds mutated frames to the decoder, many on one stream as a hostile peer would send them, cut into chunks anywhere.
 *
 * @throws whatever the decoder throws beside its own `WireError`, with the number of the case that it was
 */
export function fuzz(seed: number, cases: number): Tally {
  const chance = random(seed)
  const tally: Tally = { cases, passedHeader: 0, refused: 0, bytes: 0 }
  let stream = new Decoder()
  for (let i = 0; i < cases; i++) {
    const bytes = mutatedFrame(chance)
    const before = stream.headers
    let refused = false
    tally.bytes += bytes.length
    try {
      const chunks = cut(bytes, chance)
      if (chance() < 0.5) {
        stream.reader.push(new Uint8ArrayList(...chunks))
      } else {
        chunks.forEach(chunk => void stream.reader.push(chunk))
      }
    } catch (error) {
      if (!(error instanceof Error && error.name === 'WireError')) {
        throw new Error(`case ${i} of seed ${seed} broke the decoder: ${Buffer.from(bytes).toString('hex')}`, {
          cause: error
        })
      }
      refused = true
    }
    tally.refused += refused ? 1 : 0
    tally.passedHeader += stream.headers > before ? 1 : 0
    // what was cut off may go on with the next case, as its body say
    if (refused || (!stream.reader.idle && chance() < 0.5)) {
      stream = new Decoder()
    }
  }
  return tally
}

/** What either side of a stream does with the frames that come: reads the header, then the tensors of the body. */
class Decoder {
  headers = 0
  readonly #lastRequest = new LastRead<Pick<ReturnType<typeof decodeRequest>, 'outputs' | 'inputs'>>()
  readonly #lastEarly = new LastRead<ReturnType<typeof decodeEarly>>()
  readonly #lastResult = new LastRead<ReturnType<typeof decodeResult>['outputs']>()
  readonly reader = new FrameReader({
    maxBodyBytes: () => MAX_BODY_BYTES,
    begin: head => this.#judge(head),
    end: (head, body) => this.#read(head, body)
  })

  #judge(head: FrameHead): boolean {
    const tensors = this.#tensorsOf(head)
    if (head.type === 'failed') {
      decodeFailure(head.header)
    }
    this.headers += 1
    return tensors === undefined || bodyBytes(tensors) === head.bodyLength
  }

  #read(head: FrameHead, body: Uint8Array | undefined): void {
    if (body === undefined) {
      return
    }
    const tensors = this.#tensorsOf(head)
    if (head.type === 'hello') {
      decodeHello(head.header, body)
    } else if (tensors !== undefined) {
      tensorsOf(tensors, body)
    }
  }

  #tensorsOf({ type, header }: FrameHead) {
    switch (type) {
      case 'request':
        return decodeRequest(header, this.#lastRequest).inputs
      case 'early':
        return decodeEarly(header, this.#lastEarly)
      case 'result':
        return decodeResult(header, this.#lastResult).outputs
      default:
        return undefined
    }
  }
}

function cut(bytes: Uint8Array, chance: Random): Uint8Array[] {
  const at = Math.floor(chance() * (bytes.length + 1))
  return [bytes.subarray(0, at), bytes.subarray(at)]
}
