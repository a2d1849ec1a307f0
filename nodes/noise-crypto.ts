import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'

const CIPHER = 'chacha20-poly1305'
const TAG = { authTagLength: 16 }

/** Below it noise's own WebAssembly is faster than Node's cipher: the same bound as in noise. */
const SMALL_BYTES = 1200

/** Noise keeps one array for the key of each direction of a connection. */
const keys = new WeakMap<Uint8Array, KeyObject>()

function keyOf(bytes: Uint8Array): KeyObject {
  let key = keys.get(bytes)
  if (key === undefined) {
    key = createSecretKey(bytes)
    keys.set(bytes, key)
  }
  return key
}

/**
 * The cryptography of noise, as it is but for two costs of each message of 64 KB: Node takes a raw key apart anew for every
 * message, and noise hands it on in four parts, each a write to the socket.
 */
export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,

  chaCha20Poly1305Encrypt(plaintext, nonce, ad, k) {
    if (plaintext.byteLength < SMALL_BYTES) {
      return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, k)
    }
    const cipher = createCipheriv(CIPHER, keyOf(k), nonce, TAG)
    cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
    const parts = (plaintext instanceof Uint8Array ? [plaintext] : [...plaintext]).map(part => cipher.update(part))
    return Buffer.concat([...parts, cipher.final(), cipher.getAuthTag()])
  },

  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst) {
    if (ciphertext.byteLength < SMALL_BYTES) {
      return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst)
    }
    const length = ciphertext.byteLength - TAG.authTagLength
    const bytes = ciphertext.subarray()
    const decipher = createDecipheriv(CIPHER, keyOf(k), nonce, TAG)
    decipher.setAAD(ad, { plaintextLength: length })
    decipher.setAuthTag(bytes.subarray(length))
    const plaintext = decipher.update(bytes.subarray(0, length))
    decipher.final()
    return plaintext
  }
}
