/** Names of inputs or outputs that are not those of the model's signature. */
export class SignatureMismatchError extends Error {
  override readonly name = 'SignatureMismatchError'
  readonly code = 'ERR_SIGNATURE_MISMATCH'
}
