import { setFlagsFromString } from 'node:v8'

/**
 * As `splinemesh serve` and `infer` run (nodes/cli/small-young-generation.ts): measured without it, most of what large
 * messages take is the garbage collector's, and at random.
 */
export function smallYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** The same for a process that is forked. */
export const SMALL_YOUNG_GENERATION = ['--max-semi-space-size=1']
