/**
 * With what `splinemesh serve` and `infer` run (nodes/cli/small-young-generation.ts): measured without it, most of what large
 * messages take is the garbage collector's, and at random.
 */
export const SMALL_YOUNG_GENERATION = '--semi-space-growth-factor=1'
