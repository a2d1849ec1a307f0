const FLOAT = 1

/** The ONNX model y = MatMul(a, x) in float32, for matrices of any size: 100 bytes, written out as protobuf. */
export function matMulModel(): Uint8Array {
  const node = [...text(1, 'a'), ...text(1, 'x'), ...text(2, 'y'), ...text(4, 'MatMul')]
  const graph = [
    ...message(1, node),
    ...text(2, 'product'),
    ...message(11, matrix('a', 'n', 'k')),
    ...message(11, matrix('x', 'k', 'length')),
    ...message(12, matrix('y', 'n', 'length'))
  ]
  const operators = [...text(1, ''), ...integer(2, 17)]
  return Uint8Array.from([...integer(1, 8), ...message(7, graph), ...message(8, operators)])
}

/** A ValueInfoProto: its name, the type of its elements, the names of its two dimensions. */
function matrix(name: string, rows: string, columns: string): number[] {
  const shape = [...message(1, text(2, rows)), ...message(1, text(2, columns))]
  return [...text(1, name), ...message(2, message(1, [...integer(1, FLOAT), ...message(2, shape)]))]
}

// Fields of protobuf: all that is written here is shorter than 128 bytes, so that every length and number is one byte.
function integer(field: number, value: number): number[] {
  return [field << 3, value]
}

function message(field: number, content: number[]): number[] {
  if (content.length > 127) throw new RangeError(`a field of ${content.length} bytes needs a length of two`)
  return [(field << 3) | 2, content.length, ...content]
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)])
}
