/**
 * @packageDocumentation
 *
 * Companions that were trained beside a deployed model: how groups of queries are put to them, and what their answers are worth.
 * Nothing here trains or runs them.
 */
export { mosaic, type Tiles, tilesOf } from './mosaic.ts'
export { learnParityWorth, type ParityTrial, parityQuality } from './parity-worth.ts'
