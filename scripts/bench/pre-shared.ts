import type { TlsOptions } from 'node:tls'

const psk = Buffer.alloc(32, 7)

/** TLS with AES-256-GCM, as libp2p's has, without a certificate to make: a key that both processes know. */
export const PRE_SHARED = {
  ciphers: 'PSK-AES256-GCM-SHA384',
  maxVersion: 'TLSv1.2',
  pskCallback: () => psk
} satisfies TlsOptions
