import { ExecutorProcessError } from './errors.ts'

/** A message and, for some, the tensors that follow it. */
export interface Frame<M> {
  message: M
  body: Uint8Array
}

const PRELUDE_BYTES = 8
const MAX_MESSAGE_BYTES = 2 ** 20
const MAX_BODY_BYTES = 2 ** 30

/** The bytes of a frame: u32 length of the message, u32 length of the body, the message as JSON, the body. */
export function frameParts(message: object, body: readonly Uint8Array[] = []): Uint8Array[] {
  const text = new TextEncoder().encode(JSON.stringify(message))
  const prelude = new DataView(new ArrayBuffer(PRELUDE_BYTES))
  prelude.setUint32(0, text.length, true)
  prelude.setUint32(
    4,
    body.reduce((sum, { length }) => sum + length, 0),
    true
  )
  return [new Uint8Array(prelude.buffer), text, ...body]
}

/**
 * The frames that come out of a process, until it closes the pipe.
 *
 * @param read reads a message and says how long the body is that belongs to it; it throws on one that makes no sense
 * @throws {ExecutorProcessError} what comes is no frame, or its body is not as long as it should be
 */
export async function* readFrames<M>(
  pipe: AsyncIterable<Uint8Array>,
  read: (json: unknown) => { message: M; bodyBytes: number }
): AsyncGenerator<Frame<M>> {
  const source = new ByteSource(pipe)
  for (
    let prelude = await source.take(PRELUDE_BYTES);
    prelude !== undefined;
    prelude = await source.take(PRELUDE_BYTES)
  ) {
    const view = new DataView(prelude.buffer)
    const messageBytes = view.getUint32(0, true)
    const bodyBytes = view.getUint32(4, true)
    if (messageBytes > MAX_MESSAGE_BYTES || bodyBytes > MAX_BODY_BYTES) {
      throw garbage(`instead of a frame came ${JSON.stringify(new TextDecoder('latin1').decode(prelude))}…`)
    }
    const { message, bodyBytes: expected } = read(parse(await source.takeAll(messageBytes)))
    if (bodyBytes !== expected) {
      throw garbage(`the tensors of a message take ${expected} bytes, ${bodyBytes} came`)
    }
    yield { message, body: await source.takeAll(bodyBytes) }
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw garbage(`a message is no JSON: ${String(cause)}`)
  }
}

/** For what a message says that it must not; as for bytes that are none, the process cannot be trusted any more. */
export function garbage(what: string): ExecutorProcessError {
  return new ExecutorProcessError(
    'protocol',
    `${what}. Its standard output is for frames alone: what it prints must go to stderr`
  )
}

/** Takes so many bytes at a time from pieces of any size, each into memory of its own. */
class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(pipe: AsyncIterable<Uint8Array>) {
    this.#pieces = pipe[Symbol.asyncIterator]()
  }

  /** `undefined` where the pipe ends. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      if (this.#rest.length === 0) {
        const next = await this.#pieces.next()
        if (next.done) {
          return this.#ended(filled)
        }
        this.#rest = next.value
      }
      const part = this.#rest.subarray(0, length - filled)
      bytes.set(part, filled)
      this.#rest = this.#rest.subarray(part.length)
      filled += part.length
    }
    return bytes
  }

  async takeAll(length: number): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.take(length)) ?? this.#cutOff()
  }

  #ended(filled: number): undefined {
    return filled === 0 ? undefined : this.#cutOff()
  }

  #cutOff(): never {
    throw garbage('the last frame was cut off')
  }
}
