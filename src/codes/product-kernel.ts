/** Rows of the product that one call computes: 10 sums fill the registers, and groups of 20 and 100 have no row left over. */
export const ROWS = 5

/** Elements of a row that are summed at a time, by two vectors of two float64. */
const COLUMNS = 4

/** What is said here of WebAssembly, for it is in no TypeScript library but those of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: ProductExports }
}

interface ProductExports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  product(x: number, stride: number, out: number): void
}

export interface Kernel {
  /** The memory, as floats and as doubles. */
  floats: Float32Array
  doubles: Float64Array
  product: ProductExports['product']
}

let loaded: { exports: ProductExports; kernel: Kernel } | undefined

/** The kernel of {@link productModule}, with at least so many bytes of memory. One serves all: a block of a product is never interrupted. */
export function kernel(bytes: number): Kernel {
  loaded ??= view(new WebAssembly.Instance(new WebAssembly.Module(productModule())).exports)
  const missing = bytes - loaded.kernel.floats.byteLength
  if (missing > 0) {
    loaded.exports.memory.grow(Math.ceil(missing / PAGE))
    loaded = view(loaded.exports)
  }
  return loaded.kernel
}

function view(exports: ProductExports): NonNullable<typeof loaded> {
  const { buffer } = exports.memory
  const kernel = { floats: new Float32Array(buffer), doubles: new Float64Array(buffer), product: exports.product }
  return { exports, kernel }
}

/**
 * The inner loops of the matrix product, as a WebAssembly module with SIMD: JavaScript has no vector instructions, and its
 * loops take three times as long. It is written here instruction by instruction, for it is too small to be worth a second
 * language and its compiler. It exports `memory` and a function
 *
 *     product(x, stride, out):   out[r][j] = Σ_c w[c][r]·x[c][j]   for each of the 5 rows r and each element j of a row
 *
 * - at address 0: w, float64, the 5 weights of one term c after those of another, up to address `x`
 * - at `x`: the terms, float32, each of `stride` bytes, a multiple of 16
 * - at `out`: the 5 rows, float32, each of `stride` bytes
 *
 * Sums are kept in float64 and rounded once. Where the processor has it, multiplication and addition are one instruction
 * that rounds once (`relaxed_madd`), so processors with and without may differ in the last bit of a sum.
 */
function productModule(): Uint8Array {
  const signature = [0x60, vector([I32, I32, I32]), vector([])]
  const locals = vector([
    [INTEGERS, I32],
    [3 + 2 * ROWS, V128]
  ])
  const module = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    section(1, [signature]),
    section(3, [0]),
    section(5, [[0, PAGES]]),
    section(7, [
      [text('memory'), 2, 0],
      [text('product'), 0, 0]
    ]),
    section(10, [sized([locals, productBody(), END])])
  ]
  return Uint8Array.from(flat(module))
}

/** WebAssembly counts memory in pages of 64 KiB. */
const PAGE = 65536
const PAGES = 2

const I32 = 0x7f
const V128 = 0x7b
const END = 0x0b
const ADD = 0x6a
const LESS = 0x49

// Locals by number: the three parameters, then the other integers, then the vectors.
const [X, STRIDE, OUT, J, AT, WEIGHT] = [0, 1, 2, 3, 4, 5]
const INTEGERS = 3
const [LOW, HIGH, W, SUMS] = [6, 7, 8, 9]

function productBody(): Code {
  const rows = [...Array(ROWS).keys()]
  const low = (row: number): number => SUMS + 2 * row
  const high = (row: number): number => low(row) + 1
  return loop([
    rows.map(row => [zero, set(low(row)), zero, set(high(row))]),
    [get(X), get(J), ADD, set(AT), number(0), set(WEIGHT)],
    loop([
      [loadTwoFloats(AT, 0), set(LOW), loadTwoFloats(AT, 8), set(HIGH)],
      rows.map(row => [
        [loadTwice(WEIGHT, 8 * row), set(W)],
        [get(W), get(LOW), get(low(row)), madd, set(low(row))],
        [get(W), get(HIGH), get(high(row)), madd, set(high(row))]
      ]),
      [get(AT), get(STRIDE), ADD, set(AT)],
      [get(WEIGHT), number(8 * ROWS), ADD, tee(WEIGHT), get(X), LESS]
    ]),
    [get(OUT), get(J), ADD, set(AT)],
    rows.map(row => [
      [storeTwoFloats(AT, 0, low(row)), storeTwoFloats(AT, 8, high(row))],
      [get(AT), get(STRIDE), ADD, set(AT)]
    ]),
    [get(J), number(4 * COLUMNS), ADD, tee(J), get(STRIDE), LESS]
  ])
}

/** Bytes of a module, nested as they are written. */
type Code = number | readonly Code[]

const get = (local: number): Code => [0x20, local]
const set = (local: number): Code => [0x21, local]
const tee = (local: number): Code => [0x22, local]
/** i32.const, from 0 to 63. */
const number = (value: number): Code => [0x41, value]
/** Again, as long as the condition that the body leaves is true. */
const loop = (body: Code): Code => [0x03, 0x40, body, 0x0d, 0, END]

const simd = (operation: number): Code => [0xfd, unsigned(operation)]
const zero = [simd(0x0c), Array<number>(16).fill(0)]
/** f64x2.relaxed_madd: a·b + c */
const madd = simd(0x107)
/** Two float32 in memory as two float64: v128.load64_zero, f64x2.promote_low_f32x4. */
const loadTwoFloats = (at: number, offset: number): Code => [get(at), simd(0x5d), 3, offset, simd(0x5f)]
/** One float64 in memory as two: v128.load64_splat. */
const loadTwice = (at: number, offset: number): Code => [get(at), simd(0x0a), 3, offset]
/** Two float64 as two float32 into memory: f32x4.demote_f64x2_zero, v128.store64_lane. */
const storeTwoFloats = (at: number, offset: number, local: number): Code => {
  return [get(at), get(local), simd(0x5e), simd(0x5b), 3, offset, 0]
}

const section = (id: number, items: readonly Code[]): Code => [id, sized(vector(items))]
const vector = (items: readonly Code[]): Code => [unsigned(items.length), items]
const text = (value: string): Code => vector(Array.from(value, letter => letter.charCodeAt(0)))

function sized(content: Code): Code {
  const bytes = flat(content)
  return [unsigned(bytes.length), bytes]
}

function flat(code: Code): number[] {
  return typeof code === 'number' ? [code] : code.flatMap(flat)
}

/** LEB128: seven bits a byte, the least significant first. */
function unsigned(value: number): Code {
  return value < 0x80 ? value : [(value & 0x7f) | 0x80, unsigned(value >>> 7)]
}
