import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { MalformedModelError } from '../errors.ts'

/** Messages inside messages. A graph inside a node takes three: node, attribute, graph. */
const MAX_DEPTH = 64

/**
 * Fields of a file, tensors' data apart. A field may take two bytes in the file and some hundred in memory: without a bound,
 * a file of 100 MB could fill 10 GB. A large model has some ten thousand.
 */
const MAX_FIELDS = 500_000

const FIELDS = new Map<DescMessage, Map<number, DescField>>()

/**
 * Walks a protobuf file by its schema without making anything of it, so that it can then be decoded in bounded memory, and
 * means to another parser what it means to ours.
 *
 * @throws {MalformedModelError} a length or a field's wire type is wrong, or there are more messages or fields than any model has
 */
export function checkEncoding(bytes: Uint8Array, schema: DescMessage): void {
  const reader = new BinaryReader(bytes)
  let fields = 0
  const walk = (message: DescMessage, end: number, depth: number): void => {
    if (depth > MAX_DEPTH) {
      throw new MalformedModelError(`it nests messages more than ${MAX_DEPTH} deep, which no model needs`)
    }
    const known = fieldsOf(message)
    while (reader.pos < end) {
      const [number, wireType] = reader.tag()
      const field = known.get(number)
      if (field !== undefined && !wireTypes(field).includes(wireType)) {
        throw new MalformedModelError(`its ${field} has the wire type ${wireType}: the file is broken`)
      }
      fields += 1
      if (wireType === WireType.LengthDelimited) {
        const length = reader.uint32()
        if (length > end - reader.pos) {
          throw new MalformedModelError(`its ${field ?? message} ends ${length - end + reader.pos} bytes too late`)
        }
        if (field?.message !== undefined) {
          walk(field.message, reader.pos + length, depth + 1)
        } else {
          fields += decodedValues(field, length)
          reader.pos += length
        }
      } else {
        reader.skip(wireType, number)
      }
      if (fields > MAX_FIELDS) {
        throw new MalformedModelError(`it has more than ${MAX_FIELDS} fields: it was made to fill the memory`)
      }
    }
    if (reader.pos !== end) {
      throw new MalformedModelError(`its ${message} ends in the middle of a field`)
    }
  }
  walk(schema, bytes.length, 0)
}

function fieldsOf(message: DescMessage): Map<number, DescField> {
  let fields = FIELDS.get(message)
  if (fields === undefined) {
    fields = new Map(message.fields.map(field => [field.number, field]))
    FIELDS.set(message, fields)
  }
  return fields
}

/** The wire types that a field may have: a list of numbers comes packed or one by one. */
function wireTypes(field: DescField): WireType[] {
  const single = singleWireType(field)
  return field.fieldKind === 'list' ? [single, WireType.LengthDelimited] : [single]
}

function singleWireType(field: DescField): WireType {
  switch (field.scalar) {
    case ScalarType.FLOAT:
      return WireType.Bit32
    case ScalarType.DOUBLE:
      return WireType.Bit64
    case ScalarType.INT32:
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return WireType.Varint
    case undefined:
      return field.enum === undefined ? WireType.LengthDelimited : WireType.Varint
    default:
      return WireType.LengthDelimited
  }
}

/** How many bigints, the dearest of the numbers, a packed list of so many bytes may become. */
function decodedValues(field: DescField | undefined, length: number): number {
  return field?.scalar === ScalarType.INT64 || field?.scalar === ScalarType.UINT64 ? length : 0
}
