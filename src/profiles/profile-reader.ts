import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'

export interface ProfileReaderInit {
  schema: TSchema
  /** What it is the profile of, for people. */
  of: string
  /** What is thrown where a text is no such profile. */
  Invalid: new (
    message: string,
    options?: ErrorOptions
  ) => Error
}

/** Reads profiles of one kind from JSON, and believes none of it. The schema is compiled when the first is read. */
export function profileReader<T>({ schema, of, Invalid }: ProfileReaderInit): (text: string) => T {
  const ajv = new Ajv()
  let validate: ValidateFunction<T> | undefined
  return text => {
    validate ??= ajv.compile<T>(schema)
    const written = parsed(text)
    if (!validate(written)) {
      const reason = ajv.errorsText(validate.errors, { dataVar: 'profile' })
      throw new Invalid(`not the profile of ${of}: ${reason}; calibrate again`)
    }
    return written
  }

  function parsed(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new Invalid(`the profile of ${of} is JSON, and this is none`, { cause })
    }
  }
}
