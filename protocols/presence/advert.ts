import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { ModelId } from '../../src/models/index.ts'
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_ADVERT_BYTES, MAX_MODELS, MAX_TEXT_BYTES } from './constants.ts'
import { AdvertError } from './errors.ts'

/** A model that a peer says it serves. */
export interface AdvertisedModel {
  id: ModelId
  name: string
  /** Mean time that one task takes there, in ms; undefined before it has run. */
  taskMs?: number
}

/** What a peer says of itself. Anybody can say anything: it is a hint, to be measured. */
export interface Advert {
  models: readonly AdvertisedModel[]
  /** What kind of machine it is, for people. */
  device: string
  /** The execution provider of its models. */
  provider: string
  /** Runs that could begin at once. */
  slotsFree: number
  /** Tasks that wait. */
  queued: number
}

/** An advert as it travels. */
export interface SaidAdvert extends Advert {
  /** When it was said: ms since 1970 by the clock of its author, each of whose adverts has a later one. */
  at: number
  /** Where its author can be dialled. */
  addresses: readonly Multiaddr[]
}

const ID_BYTES = 32
/** More than a day of work for one task is none. */
const MOST_TASK_MICROS = 2 ** 32 - 1

/** @throws {AdvertError} it breaks a limit */
export function encodeAdvert({ at, addresses, models, device, provider, slotsFree, queued }: SaidAdvert): Uint8Array {
  const head = Buffer.alloc(12)
  head.writeBigUInt64LE(BigInt(at))
  head.writeUInt16LE(Math.min(slotsFree, 0xffff), 8)
  head.writeUInt16LE(Math.min(queued, 0xffff), 10)
  const advert = Buffer.concat([
    head,
    text(device),
    text(provider),
    counted(addresses, MAX_ADDRESSES, each => sized(each.bytes, MAX_ADDRESS_BYTES)),
    counted(models, MAX_MODELS, ({ id, name, taskMs = 0 }) => {
      const micros = Buffer.alloc(4)
      micros.writeUInt32LE(Math.min(Math.ceil(taskMs * 1000), MOST_TASK_MICROS))
      return Buffer.concat([Buffer.from(id, 'hex'), micros, text(name)])
    })
  ])
  if (advert.byteLength > MAX_ADVERT_BYTES) {
    throw new AdvertError(
      `an advert has at most ${MAX_ADVERT_BYTES} bytes, this one ${advert.byteLength}: name fewer models`
    )
  }
  return advert
}

/** @throws {AdvertError} the bytes are no advert */
export function decodeAdvert(bytes: Uint8Array): SaidAdvert {
  if (bytes.byteLength > MAX_ADVERT_BYTES) {
    throw new AdvertError(`an advert has at most ${MAX_ADVERT_BYTES} bytes, this one ${bytes.byteLength}`)
  }
  const fields = new Fields(bytes)
  const at = Number(fields.take(8).readBigUInt64LE())
  const slotsFree = fields.take(2).readUInt16LE()
  const queued = fields.take(2).readUInt16LE()
  const [device, provider] = [fields.text(), fields.text()]
  const addresses = fields.list(MAX_ADDRESSES, () => address(fields.sized(MAX_ADDRESS_BYTES)))
  const models = fields.list(MAX_MODELS, () => {
    const id = fields.take(ID_BYTES).toString('hex')
    const micros = fields.take(4).readUInt32LE()
    const name = fields.text()
    return micros === 0 ? { id, name } : { id, name, taskMs: micros / 1000 }
  })
  // what follows is of a later minor version
  return { at, addresses, models, device, provider, slotsFree, queued }
}

/** Reads one field after the other, each within its limit. */
class Fields {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.byteLength) {
      throw new AdvertError(`an advert ends within a field, after ${this.#bytes.byteLength} bytes`)
    }
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  sized(most: number): Buffer {
    const length = this.take(1).readUInt8()
    if (length > most) {
      throw new AdvertError(`a field of an advert has at most ${most} bytes, this one ${length}`)
    }
    return this.take(length)
  }

  text(): string {
    return this.sized(MAX_TEXT_BYTES).toString('utf8')
  }

  list<T>(most: number, read: () => T): T[] {
    const count = this.take(1).readUInt8()
    if (count > most) {
      throw new AdvertError(`an advert lists at most ${most} of a kind, this one ${count}`)
    }
    return Array.from({ length: count }, read)
  }
}

function address(bytes: Uint8Array): Multiaddr {
  try {
    const read = multiaddr(bytes)
    // only now does it look at the bytes
    read.toString()
    return read
  } catch (cause) {
    throw new AdvertError(`an address of an advert is none: ${String(cause)}`, { cause })
  }
}

/** Names are for people: one that is too long is cut, and a character that is cut through becomes a replacement. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const short =
    bytes.byteLength <= MAX_TEXT_BYTES ? bytes : Buffer.from(bytes.subarray(0, MAX_TEXT_BYTES - 3).toString())
  return sized(short, MAX_TEXT_BYTES)
}

function sized(bytes: Uint8Array, most: number): Buffer {
  if (bytes.byteLength > most) {
    throw new AdvertError(`a field of an advert has at most ${most} bytes, this one ${bytes.byteLength}`)
  }
  return Buffer.concat([Uint8Array.of(bytes.byteLength), bytes])
}

function counted<T>(list: readonly T[], most: number, encode: (each: T) => Buffer): Buffer {
  if (list.length > most) {
    throw new AdvertError(`an advert lists at most ${most} of a kind, this one ${list.length}`)
  }
  return Buffer.concat([Uint8Array.of(list.length), ...list.map(encode)])
}
