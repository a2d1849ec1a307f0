import type { AbortOptions, Stream } from '@libp2p/interface'
import { CHUNK_BYTES, chainDigest, decodeChain, type HashChain, type ModelId } from '../../src/models/index.ts'
import { ASKER_BUFFER_BYTES } from './constants.ts'
import { ModelWireError, ProviderStalledError } from './errors.ts'
import { type Frame, FrameStream } from './frame-stream.ts'
import type { Timeouts } from './index.ts'
import {
  bitmapBytes,
  chainBytes,
  decodeHave,
  decodeIndex,
  decodeRefusal,
  encodeId,
  encodeIndex,
  type FrameType,
  type Have
} from './messages.ts'

export interface ProviderInit {
  /** The peer id as a string. */
  peer: string
  model: ModelId
  maxModelBytes: number
  timeouts: Timeouts
}

/** An asker's side of one stream: a peer that may have the model. Whatever it breaks ends in an error, never in a wait. */
export class Provider {
  readonly peer: string
  readonly #init: ProviderInit
  readonly #frames: FrameStream
  #have?: Have
  /** The last answer that is awaited: answers come in the order of the questions. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(stream: Stream, init: ProviderInit) {
    this.peer = init.peer
    this.#init = init
    this.#frames = new FrameStream(stream, ASKER_BUFFER_BYTES)
  }

  /** What it said last that it has; undefined if nothing. */
  get have(): Have | undefined {
    return this.#have
  }

  /** Asks what it has now. */
  async refresh(options: AbortOptions): Promise<void> {
    const question = { type: 'want', header: encodeId(this.#init.model) } as const
    const answer = await this.#ask(question, 'have', bitmapBytes(this.#maxChunks), options)
    this.#have = answer && decodeHave(answer.header, answer.body, this.#init.maxModelBytes)
  }

  /** The chain that its HAVE spoke of; undefined if it has nothing any more. */
  async chain({ size, digest }: Have, options: AbortOptions): Promise<HashChain | undefined> {
    const answer = await this.#ask({ type: 'ask-chain' }, 'chain', chainBytes(size), options)
    const chain = answer && decodeChain(answer.body)
    if (answer !== undefined && (chain === undefined || chain.size !== size || chainDigest(chain) !== digest)) {
      throw new ModelWireError('the chain is not the one that it said it has')
    }
    return chain
  }

  /** A chunk, whatever is in it; undefined if it does not have it (any more). */
  async chunk(index: number, options: AbortOptions): Promise<Uint8Array | undefined> {
    const answer = await this.#ask({ type: 'ask-chunk', header: encodeIndex(index) }, 'chunk', CHUNK_BYTES, options)
    if (answer !== undefined && decodeIndex(answer.header) !== index) {
      throw new ModelWireError(`it was asked for chunk ${index} and sent ${decodeIndex(answer.header)}`)
    }
    return answer?.body
  }

  /** Ends the stream; questions in progress fail. */
  end(reason: Error): void {
    this.#frames.abort(reason)
  }

  get #maxChunks(): number {
    return Math.ceil(this.#init.maxModelBytes / CHUNK_BYTES)
  }

  /** @returns undefined if it refuses */
  async #ask(
    question: Pick<Frame, 'type'> & Partial<Frame>,
    expected: FrameType,
    maxBodyBytes: number,
    { signal }: AbortOptions
  ): Promise<Frame | undefined> {
    const { answer: ms } = this.#init.timeouts
    const timeout = AbortSignal.timeout(ms)
    const either = { signal: signal == null ? timeout : AbortSignal.any([signal, timeout]) }
    const before = this.#last
    const read = async (): Promise<Frame> => {
      await before
      return this.#frames.read(type => (type === expected ? maxBodyBytes : 0), either)
    }
    try {
      const answer = this.#frames.write(question, either).then(read)
      this.#last = answer
      const frame = await answer
      if (frame.type === expected) {
        return frame
      }
      if (frame.type !== 'refused') {
        throw new ModelWireError(`it answered ${question.type} with ${frame.type}`)
      }
      if (decodeRefusal(frame.header) === 'absent') {
        this.#have = undefined
      }
      return undefined
    } catch (error) {
      throw timeout.aborted && signal?.aborted !== true
        ? new ProviderStalledError(`it did not answer ${question.type} within ${ms} ms`, { cause: error })
        : error
    }
  }
}
