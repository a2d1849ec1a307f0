/**
 * @packageDocumentation
 *
 * ONNX files as objects: the schema, generated from `onnx.proto`, a reader that takes files of anybody, and a writer of
 * small graphs of our own.
 */
export { type Cut, cutsOf } from './cuts.ts'
export * from './onnx_pb.ts'
export { readOnnx } from './read-onnx.ts'
export { isExit, type Stage, stagesOf } from './stages.ts'
export {
  type OnnxEdit,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
  type OnnxWeight,
  rewriteOnnx,
  writeOnnx
} from './write-onnx.ts'
