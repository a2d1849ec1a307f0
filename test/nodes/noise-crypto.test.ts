import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { byteStream } from '@libp2p/utils'
import { createLibp2p, type Libp2p } from 'libp2p'
import { noiseCrypto } from '../../nodes/noise-crypto.ts'

const [key, nonce, ad] = [randomBytes(32), randomBytes(12), randomBytes(9)]
const SIZES = [0, 100, 1199, 1200, 65_519]
const ECHO = '/splinemesh/test/echo/1.0.0'

function nodeWith(crypto: typeof defaultCrypto): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise({ crypto })],
    streamMuxers: [yamux()]
  })
}

describe('noise with cached keys', () => {
  it('writes the same bytes as noise', () => {
    for (const size of SIZES) {
      const plaintext = randomBytes(size)
      const ours = noiseCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key).subarray()
      const theirs = defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key).subarray()
      assert.deepEqual(Buffer.from(ours), Buffer.from(theirs), `${size} bytes`)
    }
  })

  it('reads what noise wrote', () => {
    for (const size of SIZES) {
      const plaintext = randomBytes(size)
      const sealed = defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key).subarray()
      const read = noiseCrypto.chaCha20Poly1305Decrypt(Uint8Array.from(sealed), nonce, ad, key).subarray()
      assert.deepEqual(Buffer.from(read), plaintext, `${size} bytes`)
    }
  })

  it('refuses what was changed on its way, or is of another key', () => {
    for (const size of [100, 5000]) {
      const sealed = Uint8Array.from(noiseCrypto.chaCha20Poly1305Encrypt(randomBytes(size), nonce, ad, key).subarray())
      for (const at of [0, size - 1, size, size + 15]) {
        const changed = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte))
        assert.throws(() => noiseCrypto.chaCha20Poly1305Decrypt(changed, nonce, ad, key), `byte ${at} of ${size}`)
      }
      assert.throws(() => noiseCrypto.chaCha20Poly1305Decrypt(sealed.slice(), nonce, ad, randomBytes(32)))
    }
  })

  it('converses with noise in small and in large messages, whichever of the two dials', async () => {
    const nodes = [await nodeWith(noiseCrypto), await nodeWith(defaultCrypto)]
    try {
      for (const [dialer, listener] of [nodes, [...nodes].reverse()]) {
        await listener.handle(ECHO, stream => {
          stream.addEventListener('message', ({ data }) => void stream.send(data))
        })
        const stream = await dialer.dialProtocol(listener.getMultiaddrs(), ECHO)
        for (const bytes of [randomBytes(30), randomBytes(5000), randomBytes(200_000)]) {
          stream.send(bytes)
          const echoed = await byteStream(stream).read({ bytes: bytes.length })
          assert.deepEqual(Buffer.from(echoed.subarray()), bytes)
        }
      }
    } finally {
      for (const node of nodes) {
        await node.stop()
      }
    }
  })
})
