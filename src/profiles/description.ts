import { type DescriptionProfile, parseDescriptionProfile } from './description-profile.ts'
import { parseShrunkProfile, type ShrunkProfile } from './shrunk-profile.ts'

/**
 * The profile of a description of either kind: by the deployed graph on shrunk queries, which have a view, or by a mosaic.
 *
 * @throws {InvalidShrunkProfileError | InvalidCompanionProfileError} it is none
 */
export function parseDescription(text: string): DescriptionProfile | ShrunkProfile {
  return text.includes('"view"') ? parseShrunkProfile(text) : parseDescriptionProfile(text)
}
