import { noise } from '@chainsafe/libp2p-noise'
import type { Libp2pOptions } from 'libp2p'
import { noiseCrypto } from './noise-crypto.ts'

/** How connections are encrypted: noise by every peer, TLS between peers that were both told so. */
export type Encrypter = 'noise' | 'tls'

/** The preferred first, and noise always: the dialer proposes in this order, and the listener takes the first that it knows. */
export async function encrypters(preferred: Encrypter): Promise<NonNullable<Libp2pOptions['connectionEncrypters']>> {
  const always = noise({ crypto: noiseCrypto })
  if (preferred === 'noise') {
    return [always]
  }
  // to import it is a good part of the start of a process, and few want it
  const { tls } = await import('@libp2p/tls')
  return [tls(), always]
}
