/**
 * @packageDocumentation
 *
 * splinemesh/declarations: reads what the owner of a fleet writes down, its members and the variants of a model. A door of its own, since
 * few who make a peer read one.
 */
export { parseMembers } from './members.ts'
export { parseVariants } from './variants.ts'
