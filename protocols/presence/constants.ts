/** The gossipsub topic on which peers say what they serve. */
export const PRESENCE_PROTOCOL = '/splinemesh/presence/1.0.0'

/** An advert is no larger. */
export const MAX_ADVERT_BYTES = 4096
export const MAX_MODELS = 32
export const MAX_ADDRESSES = 4
/** Of a name, in UTF-8. */
export const MAX_TEXT_BYTES = 64
export const MAX_ADDRESS_BYTES = 128

/** Of one peer no two adverts are taken that come closer together; a peer keeps twice this distance. */
export const MIN_GAP_MS = 1000
/** All peers together say so many adverts a second: the more there are, the less often each speaks. */
export const ADVERTS_PER_SECOND = 20
/** A peer that was not heard of for so many of its turns is gone. */
export const MISSED_TURNS = 4
/** How far the clocks of two peers may be apart; an advert that is said again later is of no use to anybody. */
export const MAX_AGE_MS = 300_000
/** Peers that are remembered; beyond, those not heard of for longest are forgotten. */
export const MOST_PEERS = 4096
