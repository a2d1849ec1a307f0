import { fromBinary } from '@bufbuild/protobuf'
import { MalformedModelError } from '../errors.ts'
import { checkEncoding } from './check-encoding.ts'
import { type ModelProto, ModelProtoSchema } from './onnx_pb.ts'

/**
 * Reads an ONNX file that may come from anybody. `rawData` of tensors views `file`; nothing else of it is kept.
 *
 * @throws {MalformedModelError} it is no ONNX file, or a broken one
 */
export function readOnnx(file: Uint8Array): ModelProto {
  try {
    checkEncoding(file, ModelProtoSchema)
    return fromBinary(ModelProtoSchema, file)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MalformedModelError(`this is no sound ONNX file of ${file.length} bytes: ${reason}`, { cause })
  }
}
