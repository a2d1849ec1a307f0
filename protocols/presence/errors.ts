/** An advert that breaks a rule of the protocol, on the wire or as it is given to be said. */
export class AdvertError extends Error {
  override readonly name = 'AdvertError'
  readonly code = 'ERR_ADVERT'
}
