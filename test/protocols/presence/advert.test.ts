import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { decodeAdvert, encodeAdvert, type SaidAdvert } from '../../../protocols/presence/advert.ts'

const file = path.resolve(import.meta.dirname, '../../fixtures/protocols/presence/advert.json')
const fixture = JSON.parse(readFileSync(file, 'utf8'))
const bytes = Buffer.from(fixture.bytes, 'hex')

const said: SaidAdvert = {
  ...fixture.advert,
  addresses: fixture.advert.addresses.map((each: string) => multiaddr(each))
}

const comparable = ({ addresses, ...advert }: SaidAdvert) => ({ ...advert, addresses: addresses.map(String) })

describe('an advert', () => {
  it('has the bytes of the protocol page, and says the same when it is read', () => {
    assert.equal(Buffer.from(encodeAdvert(said)).toString('hex'), fixture.bytes)
    assert.deepEqual(comparable(decodeAdvert(bytes)), fixture.advert)
  })

  it('may have fields after those of this version', () => {
    assert.deepEqual(comparable(decodeAdvert(Buffer.concat([bytes, Buffer.from('later')]))), fixture.advert)
  })

  it('is refused where it ends within a field, wherever that is', () => {
    for (let end = 0; end < bytes.length; end++) {
      assert.throws(() => decodeAdvert(bytes.subarray(0, end)), { name: 'AdvertError' }, `${end} bytes`)
    }
  })

  it('is read or refused, whatever the bytes are, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), random => {
        try {
          decodeAdvert(random)
        } catch (error) {
          assert.equal((error as Error).name, 'AdvertError', String(error))
        }
      })
    )
  })

  it('is small: too many models or bytes are refused on both sides, and long names are cut', () => {
    const [model] = said.models
    const many = { ...said, models: Array.from({ length: 33 }, () => model) }
    assert.throws(() => encodeAdvert(many), { name: 'AdvertError', message: /at most 32/ })
    assert.throws(() => decodeAdvert(new Uint8Array(4097)), { name: 'AdvertError', message: /at most 4096 bytes/ })
    const long = decodeAdvert(encodeAdvert({ ...said, device: 'ü'.repeat(100) }))
    assert.match(long.device, /^ü{20,32}\ufffd?$/)
  })
})
