/**
 * @packageDocumentation
 *
 * Chance as a parameter: seeded sources of random numbers, which the rest of the house is given and never makes for itself.
 */
export { type Random, random, shuffled } from './random.ts'
