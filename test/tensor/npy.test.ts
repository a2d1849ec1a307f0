import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  DTYPES,
  type Dtype,
  float16ToFloat32,
  formatNpy,
  NpyFormatError,
  parseNpy,
  Tensor
} from '../../src/tensor/index.ts'

const VALUES = [-3, -2, -1, 0, 1, 2]

describe('parseNpy', () => {
  for (const dtype of DTYPES) {
    it(`reads ${dtype} as numpy wrote it`, () => {
      const tensor = parseNpy(fixture(dtype))
      assert.equal(tensor.dtype, dtype)
      assert.deepEqual(tensor.shape, [2, 3])
      assert.deepEqual(numbers(tensor), dtype === 'uint8' ? VALUES.map(Math.abs) : VALUES)
    })
  }

  it('narrows float64 to float32', () => {
    assert.deepEqual(parseNpy(fixture('float64')), Tensor.float32(VALUES, [2, 3]))
  })

  it('reads header versions 2.0 and 3.0, scalars, vectors and empty arrays', () => {
    for (const name of ['version2', 'version3']) {
      assert.deepEqual(parseNpy(fixture(name)), Tensor.float32(VALUES, [2, 3]))
    }
    assert.deepEqual(parseNpy(fixture('scalar')), Tensor.float32([1.5], []))
    assert.deepEqual(parseNpy(fixture('vector')), Tensor.float32([0, 1, 2, 3]))
    assert.deepEqual(parseNpy(fixture('empty')), Tensor.float32([], [0, 3]))
  })

  it('reads a file at any offset in its buffer', () => {
    for (const name of ['float32', 'float64', 'int64']) {
      const file = fixture(name)
      const shifted = new Uint8Array(file.length + 1)
      shifted.set(file, 1)
      assert.deepEqual(parseNpy(shifted.subarray(1)), parseNpy(file))
    }
  })

  it('refuses what it cannot read, and says what to do', () => {
    refuses(fixture('fortran'), /Fortran order.*ascontiguousarray/)
    refuses(fixture('big-endian'), /'>f4'.*astype/)
    refuses(fixture('bool'), /'\|b1'.*astype/)
    refuses(fixture('complex'), /'<c8'/)
    refuses(fixture('struct'), /no readable 'descr'/)
  })

  it('refuses a file cut off at any byte, or with bytes to spare', () => {
    for (const name of ['float32', 'version2', 'float64']) {
      const file = fixture(name)
      for (let length = 0; length < file.length; length++) refuses(file.subarray(0, length))
      refuses(Uint8Array.of(...file, 0), /takes \d+ bytes, the file has \d+/)
    }
  })

  it('refuses garbage, unknown versions and oversized headers, before it reads further', () => {
    refuses(new Uint8Array(200), /starts with/)
    refuses(edited('float32', 6, 9), /this file says 9\.0/)
    refuses(edited('version2', 8, 0xff, 0xff, 0xff, 0x7f), /has 2147483647 bytes; at most 10000/)
  })

  it('refuses shapes that are none, or that no memory could hold', () => {
    for (const shape of ['(2, -3)', '(2, 3', '2, 3', '(1e3,)', '(2 3)', `(${'9'.repeat(30)},)`]) refuses(header(shape))
    refuses(header('(999999999999, 999999999999)'))
    refuses(header(`(${'999999999999, '.repeat(40)}0)`))
  })

  it('answers any damaged file with a tensor or a NpyFormatError, nothing else', () => {
    const file = fixture('float32')
    const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(damage, changes => {
        const damaged = file.slice()
        for (const [at, byte] of changes) damaged[at] = byte
        try {
          parseNpy(damaged)
        } catch (error) {
          assert.ok(error instanceof NpyFormatError, `threw ${error}`)
        }
      }),
      { numRuns: 1000 }
    )
  })
})

describe('formatNpy', () => {
  it('writes, byte by byte, what numpy writes', () => {
    for (const name of [...DTYPES, 'scalar', 'vector', 'empty']) {
      const file = fixture(name)
      assert.deepEqual(formatNpy(parseNpy(file)), file, `${name}.npy differs`)
    }
  })

  it('gives back any tensor', () => {
    const shapes = fc.array(fc.nat(4), { maxLength: 5 })
    fc.assert(
      fc.property(shapes, fc.constantFrom<Dtype>(...DTYPES), (shape, dtype) => {
        const size = shape.reduce((product, length) => product * length, dtype === 'int64' ? 8 : 4)
        const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 37) % 120)
        const width = { float32: 4, float16: 2, int8: 1, uint8: 1, int32: 4, int64: 8 }[dtype]
        const tensor = Tensor.fromBytes(dtype, [...shape, size / (width * product(shape)) || 0], bytes)
        const file = formatNpy(tensor)
        assert.equal((file.length - tensor.byteLength) % 64, 0, 'the data is not aligned to 64 bytes')
        assert.deepEqual(parseNpy(file), tensor)
      })
    )
  })
})

function fixture(name: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(`../fixtures/npy/${name}.npy`, import.meta.url)))
}

function edited(name: string, at: number, ...bytes: number[]): Uint8Array {
  const file = fixture(name)
  file.set(bytes, at)
  return file
}

/** A file without data whose header has this text as its shape. */
function header(shape: string): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }\n`
  const length = [text.length & 0xff, text.length >> 8]
  return Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, ...length, ...Buffer.from(text))
}

function product(shape: number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}

function numbers(tensor: Tensor): number[] {
  const { data } = tensor
  return data instanceof Uint16Array ? [...float16ToFloat32(data)] : Array.from(data, Number)
}

function refuses(file: Uint8Array, message = /./) {
  assert.throws(
    () => parseNpy(file),
    (error: unknown) =>
      error instanceof NpyFormatError && error.code === 'ERR_NPY_FORMAT' && message.test(error.message)
  )
}
