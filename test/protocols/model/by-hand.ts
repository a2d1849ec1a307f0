import type { Stream } from '@libp2p/interface'
import { FrameStream } from '../../../protocols/model/frame-stream.ts'
import { decodeIndex, encodeHave, encodeIndex, encodeRefusal } from '../../../protocols/model/messages.ts'
import { CHUNK_BYTES, chainDigest, chunkCount, encodeChain } from '../../../src/models/index.ts'
import type { TestModel } from './peers.ts'

type Answer = Parameters<FrameStream['write']>[0]

/** What a provider made by hand answers; an answer that is undefined never comes. */
export interface Script {
  have?(): Answer | undefined
  chain?(): Answer | undefined
  chunk?(index: number): Answer | undefined
}

export function haveOf({ bytes, chain }: TestModel): Answer {
  const chunks = Array.from({ length: chunkCount(bytes.length) }, () => true)
  return { type: 'have', ...encodeHave({ size: bytes.length, digest: chainDigest(chain), chunks }) }
}

export function chainAnswer({ chain }: TestModel): Answer {
  return { type: 'chain', body: encodeChain(chain) }
}

export function chunkOf({ bytes }: TestModel, index: number): Answer {
  const body = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
  return { type: 'chunk', header: encodeIndex(index), body }
}

export const absent: Answer = { type: 'refused', header: encodeRefusal('absent') }

/** A provider of the model that tells the truth where the script says nothing else. */
export function provider(model: TestModel, script: Script = {}): (stream: Stream) => void {
  const {
    have = () => haveOf(model),
    chain = () => chainAnswer(model),
    chunk = index => chunkOf(model, index)
  } = script
  return stream => {
    const frames = new FrameStream(stream, 2 ** 20)
    const signal = new AbortController().signal
    const answerAll = async (): Promise<void> => {
      for (;;) {
        const { type, header } = await frames.read(() => 0, { signal })
        const answer = type === 'want' ? have() : type === 'ask-chain' ? chain() : chunk(decodeIndex(header))
        if (answer !== undefined) {
          await frames.write(answer, { signal })
        }
      }
    }
    // the asker ends the stream, of an impostor with an error
    answerAll().catch(() => {})
  }
}
