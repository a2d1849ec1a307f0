import { Ajv } from 'ajv'
import Type, { type Static, type TSchema } from 'typebox'
import type { TensorHeader } from '../models/index.ts'
import { DTYPES } from '../tensor/index.ts'
import { garbage } from './process-frames.ts'

/** What the executor says, in frames that `docs/protocols/executor.md` describes. */
export interface StartMessage {
  type: 'start'
  version: 1
  models: Array<{ id: string; name: string; path: string }>
  providers: readonly string[]
  threads: number
  intraOpThreads: number
}

export interface RunMessage {
  type: 'run'
  id: number
  model: string
  inputs: TensorHeader[]
  outputs: readonly string[]
}

const Name = Type.String({ minLength: 1, maxLength: 1024 })
const Length = Type.Integer({ minimum: 0, maximum: 2 ** 32 })
const Ms = Type.Number({ minimum: 0 })
const dtype = Type.Enum(DTYPES)
const Spec = Type.Object({ name: Name, dtype, shape: Type.Array(Type.Union([Length, Type.Null()]), { maxItems: 8 }) })
const Header = Type.Object({ name: Name, dtype, shape: Type.Array(Length, { maxItems: 8 }) })
const Specs = Type.Array(Spec, { maxItems: 255 })

const Ready = Type.Object({
  type: Type.Literal('ready'),
  version: Type.Literal(1),
  slots: Type.Integer({ minimum: 1, maximum: 1024 }),
  models: Type.Array(
    Type.Object({
      id: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      name: Name,
      inputs: Specs,
      outputs: Specs,
      provider: Type.Optional(Name),
      partly: Type.Optional(Type.Boolean()),
      unavailable: Type.Optional(Type.Array(Type.Object({ provider: Name, reason: Type.String() })))
    })
  )
})

const Result = Type.Object({
  type: Type.Literal('result'),
  id: Type.Integer(),
  runMs: Ms,
  loadMs: Type.Optional(Ms),
  outputs: Type.Array(Header, { maxItems: 255 })
})

/** Without an id: it cannot start. */
const Failed = Type.Object({ type: Type.Literal('failed'), id: Type.Optional(Type.Integer()), message: Type.String() })

export type ReadyMessage = Static<typeof Ready>
export type ResultMessage = Static<typeof Result>
export type FailedMessage = Static<typeof Failed>
export type FromProcess = ReadyMessage | ResultMessage | FailedMessage

const ajv = new Ajv()
const parsers = { ready: parser(Ready), result: parser(Result), failed: parser(Failed) }

/** @throws {ExecutorProcessError} it is none of the messages of a process, or one of its fields is not what it should be */
export function readMessage(value: unknown): FromProcess {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined
  if (type !== 'ready' && type !== 'result' && type !== 'failed') {
    throw garbage(`a message must be of type ready, result or failed, got ${JSON.stringify(type)}`)
  }
  return parsers[type](value)
}

function parser<T extends TSchema>(schema: T): (value: unknown) => Static<T> {
  const isMessage = ajv.compile<Static<T>>(schema)
  return value => {
    if (isMessage(value)) {
      return value
    }
    const { instancePath, message } = isMessage.errors?.[0] ?? {}
    throw garbage(`a message has a wrong field, ${instancePath || 'itself'}: ${message}`)
  }
}
