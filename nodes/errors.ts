/** A call came without a query. */
export class NoQueriesError extends Error {
  override readonly name = 'NoQueriesError'
  readonly code = 'ERR_NO_QUERIES'
}

/** Workers serve different models under the name that was asked for. */
export class AmbiguousModelError extends Error {
  override readonly name = 'AmbiguousModelError'
  readonly code = 'ERR_AMBIGUOUS_MODEL'
}

/** An option has a value that makes no sense. */
export class InvalidOptionError extends Error {
  override readonly name = 'InvalidOptionError'
  readonly code = 'ERR_INVALID_OPTION'
}

/** The peer is not started, or was stopped while the call was in progress. */
export class PeerStoppedError extends Error {
  override readonly name = 'PeerStoppedError'
  readonly code = 'ERR_PEER_STOPPED'
}

/** The port to listen on is taken. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly code = 'ERR_PORT_IN_USE'
}

/** An address to listen on cannot be had on this machine. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code = 'ERR_LISTEN'
}

/** A profile does not belong to what is asked: it is of another model, or not exactly one of its plans fits. */
export class ProfileMismatchError extends Error {
  override readonly name = 'ProfileMismatchError'
  readonly code = 'ERR_PROFILE_MISMATCH'
}

/** A list of members that cannot be read, or on which this peer itself is missing. */
export class InvalidMembersError extends Error {
  override readonly name = 'InvalidMembersError'
  readonly code = 'ERR_INVALID_MEMBERS'
}

/** A declaration of variants cannot be used. */
export class InvalidVariantsError extends Error {
  override readonly name = 'InvalidVariantsError'
  readonly code = 'ERR_INVALID_VARIANTS'
}
