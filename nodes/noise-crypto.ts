import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'

const CIPHER = 'chacha20-poly1305'
const TAG = { authTagLength: 16 }

/** In one part, or in several. */
type Message = Parameters<ICryptoInterface['chaCha20Poly1305Encrypt']>[0]

/** The length of a message is two bytes on the wire. */
const NOISE_MESSAGE_BYTES = 65_535

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

/** Where the parts of a message come together before they go through the cipher, which is done with them when it returns. */
const gathering = new Uint8Array(NOISE_MESSAGE_BYTES)

function gathered(message: Message): Uint8Array {
  if (message instanceof Uint8Array) {
    return message
  }
  if (message.byteLength > gathering.length) {
    return message.subarray()
  }
  let end = 0
  for (const part of message) {
    gathering.set(part, end)
    end += part.length
  }
  return gathering.subarray(0, end)
}

/**
 * The cryptography of noise, as it is but for three costs of each message of 64 KB: Node takes a raw key apart anew for every
 * message; noise hands a message on in four parts, each a write to the socket; and it joins the parts of what it gets in fresh
 * memory, which only the garbage collector frees.
 */
export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,

  chaCha20Poly1305Encrypt(plaintext, nonce, ad, k) {
    if (plaintext.byteLength < SMALL_BYTES) {
      return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, k)
    }
    const cipher = createCipheriv(CIPHER, keyOf(k), nonce, TAG)
    cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
    return Buffer.concat([cipher.update(gathered(plaintext)), cipher.final(), cipher.getAuthTag()])
  },

  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst) {
    if (ciphertext.byteLength < SMALL_BYTES) {
      return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst)
    }
    const length = ciphertext.byteLength - TAG.authTagLength
    const bytes = gathered(ciphertext)
    const decipher = createDecipheriv(CIPHER, keyOf(k), nonce, TAG)
    decipher.setAAD(ad, { plaintextLength: length })
    decipher.setAuthTag(bytes.subarray(length))
    const plaintext = decipher.update(bytes.subarray(0, length))
    decipher.final()
    return plaintext
  }
}
