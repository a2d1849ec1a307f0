import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LastRead } from '../../../protocols/infer/last-read.ts'
import { decodeRequest, encodeRequest, type Request } from '../../../protocols/infer/messages.ts'

const MODEL = 'ab'.repeat(32)

function request(remaining: number, rows: number): Request {
  return { model: MODEL, remaining, outputs: ['y'], inputs: [{ name: 'x', dtype: 'float32', shape: [rows, 4] }] }
}

describe('what was read last on a stream', () => {
  it('is used again when only the fields before it differ, and read anew when it differs itself', () => {
    const last = new LastRead<Pick<Request, 'outputs' | 'inputs'>>()
    const sent = [request(500, 1), request(400, 1), request(400, 2), request(400, 1)]
    const read = sent.map(each => decodeRequest(encodeRequest(each), last))
    assert.deepEqual(read, sent)
    assert.equal(read[1].inputs, read[0].inputs, 'the same names and shapes were decoded twice')
  })

  it('is not what could not be read', () => {
    const last = new LastRead<Pick<Request, 'outputs' | 'inputs'>>()
    const header = encodeRequest(request(500, 1))
    const cut = header.subarray(0, header.length - 1)
    for (const attempt of [1, 2]) {
      assert.throws(() => decodeRequest(cut, last), { name: 'WireError' }, `attempt ${attempt}`)
    }
    assert.deepEqual(decodeRequest(header, last), request(500, 1))
  })
})
