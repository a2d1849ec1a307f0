/**
 * @packageDocumentation
 *
 * Profiles of companions as JSON: what is written of each kind, and how one is read that somebody else may have written. Who only takes
 * profiles imports their types: what checks them is loaded by those who read a file.
 */
export { parseDescription } from './description.ts'
export { type DescriptionProfile, parseDescriptionProfile } from './description-profile.ts'
export {
  InvalidCompanionProfileError,
  InvalidExitsProfileError,
  InvalidShrunkProfileError,
  InvalidStudentProfileError
} from './errors.ts'
export { type ExitsProfile, parseExitsProfile } from './exits-profile.ts'
export { type ParityProfile, type ParityWorth, parseParityProfile } from './parity-profile.ts'
export { parseShrunkProfile, type ShrunkProfile } from './shrunk-profile.ts'
export { parseStudentProfile, type StudentProfile } from './student-profile.ts'
