/**
 * A computation that can be left and gone on with, so that a large group does not hold up everything else. A step yields
 * what it cost, in multiply-adds of the matrix product, of which some four take a nanosecond. What it computes from must
 * not change until it is done.
 */
export type Sliced<T> = Generator<number, T, void>

/** All steps at once. */
export function whole<T>(sliced: Sliced<T>): T {
  for (;;) {
    const step = sliced.next()
    if (step.done) return step.value
  }
}
