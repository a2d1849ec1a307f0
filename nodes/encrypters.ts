import { noise } from '@chainsafe/libp2p-noise'
import { tls } from '@libp2p/tls'
import type { Libp2pOptions } from 'libp2p'

/** How connections are encrypted. Every peer takes both; the one that dials proposes. */
export type Encrypter = 'noise' | 'tls'

/** Both, the preferred first: libp2p's dialer proposes them in this order, and the listener takes the first that it knows. */
export function encrypters(preferred: Encrypter): NonNullable<Libp2pOptions['connectionEncrypters']> {
  return preferred === 'tls' ? [tls(), noise()] : [noise(), tls()]
}
