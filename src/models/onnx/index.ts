/**
 * @packageDocumentation
 *
 * ONNX files as objects: the schema, generated from `onnx.proto`, and a reader that takes files of anybody.
 */
export * from './onnx_pb.ts'
export { readOnnx } from './read-onnx.ts'
