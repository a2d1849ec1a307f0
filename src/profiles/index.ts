/**
 * @packageDocumentation
 *
 * Profiles of companions as JSON: what their schemas share, and how one is read that somebody else may have written.
 */
export { type ProfileReaderInit, profileReader } from './profile-reader.ts'
export {
  ascending,
  confidence,
  contentId,
  monotoneMap,
  outputName,
  record,
  regret,
  share,
  squaredError
} from './schema.ts'
