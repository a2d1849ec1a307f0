/**
 * @packageDocumentation
 *
 * Companions that were trained beside a deployed model: which they are, how groups of queries are put to them, and what their
 * answers are worth. Nothing here trains or runs them.
 */
export { type DescriptionProfile, parseDescriptionProfile } from './description-profile.ts'
export { InvalidCompanionProfileError } from './errors.ts'
export { mosaic, type Tiles, tilesOf } from './mosaic.ts'
export { type ParityProfile, parseParityProfile } from './parity-profile.ts'
export { learnParityWorth, type ParityTrial, type ParityWorth, parityQuality } from './parity-worth.ts'
