import type { Stream } from '@libp2p/interface'
import { chainDigest, encodeChain, type ModelId } from '../../src/models/index.ts'
import { PROVIDER_BUFFER_BYTES } from './constants.ts'
import { ModelWireError } from './errors.ts'
import { type Frame, FrameStream } from './frame-stream.ts'
import type { Timeouts } from './index.ts'
import { decodeId, decodeIndex, encodeHave, encodeIndex, encodeRefusal, type Refusal } from './messages.ts'
import type { Shelf, ShelvedModel } from './shelf.ts'

export interface InboundInit {
  shelf: Shelf
  timeouts: Timeouts
  /** Aborts when this peer stops. */
  signal: AbortSignal
}

/**
 * A provider's side of one stream: answers one question after the other, so that it holds one chunk at most. Ends when the
 * other side ends, asks nothing for too long, or takes an answer too slowly.
 *
 * @throws the stream ended otherwise than by the other side closing it
 */
export async function answerAsker(stream: Stream, { shelf, timeouts, signal }: InboundInit): Promise<void> {
  const frames = new FrameStream(stream, PROVIDER_BUFFER_BYTES)
  const asker = new Asker(shelf)
  try {
    while (stream.remoteWriteStatus === 'writable' || stream.readBufferLength > 0) {
      const question = await frames.read(() => 0, { signal: within(signal, timeouts.idle) })
      await frames.write(await asker.answer(question), { signal: within(signal, timeouts.send) })
    }
    await frames.close({ signal: within(signal, timeouts.send) })
  } catch (error) {
    frames.abort(error instanceof Error ? error : new ModelWireError(String(error)))
    throw error
  } finally {
    await asker.done()
  }
}

/** What one stream is about: the model that it asked for last. */
class Asker {
  readonly #shelf: Shelf
  #stale = true
  #id?: ModelId
  #model?: ShelvedModel

  constructor(shelf: Shelf) {
    this.#shelf = shelf
  }

  async answer({ type, header }: Frame): Promise<Pick<Frame, 'type'> & Partial<Frame>> {
    switch (type) {
      case 'want':
        return this.#have(decodeId(header))
      case 'ask-chain':
        return this.#model === undefined ? refused('absent') : { type: 'chain', body: encodeChain(this.#model.chain) }
      case 'ask-chunk':
        return this.#chunk(decodeIndex(header))
      default:
        throw new ModelWireError(`a peer that asks must not send ${type}`)
    }
  }

  async done(): Promise<void> {
    await this.#model?.close()
  }

  /** Asked again for the same model: other chunks may be here by now, or all of them. */
  async #have(id: ModelId): Promise<Pick<Frame, 'type'> & Partial<Frame>> {
    if (this.#id !== id || this.#stale) {
      await this.#model?.close()
      this.#model = undefined
      this.#id = id
      this.#model = await this.#shelf.take(id)
      this.#stale = this.#model?.chunks.includes(false) !== false
    }
    if (this.#model === undefined) {
      return refused('absent')
    }
    const { chain, chunks } = this.#model
    return { type: 'have', ...encodeHave({ size: chain.size, digest: chainDigest(chain), chunks }) }
  }

  async #chunk(index: number): Promise<Pick<Frame, 'type'> & Partial<Frame>> {
    if (this.#model === undefined) {
      return refused('absent')
    }
    if (this.#model.chunks[index] !== true) {
      return refused('no-chunk')
    }
    // a model that was incomplete may be complete by now, and has moved: the asker asks again what is here
    const body = await this.#model.read(index).catch(() => undefined)
    this.#stale ||= body === undefined
    return body === undefined ? refused('absent') : { type: 'chunk', header: encodeIndex(index), body }
  }
}

function refused(refusal: Refusal): Pick<Frame, 'type'> & Partial<Frame> {
  return { type: 'refused', header: encodeRefusal(refusal) }
}

function within(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)])
}
