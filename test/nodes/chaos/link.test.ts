import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Link } from '../../../nodes/chaos/link.ts'
import { systemClock } from '../../../nodes/clock.ts'
import { random } from '../../../src/chance/index.ts'

describe('a link', () => {
  let echo: Server
  let to = 0
  let link: Link | undefined

  beforeEach(async () => {
    echo = createServer(socket => {
      socket.on('error', () => {})
      socket.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    to = (echo.address() as AddressInfo).port
  })

  afterEach(() => {
    link?.close()
    echo.close()
  })

  async function connect(delay: (bytes: number, way: 'to' | 'from') => number): Promise<Socket> {
    link = new Link({ clock: systemClock, port: 0, to, delay })
    const socket = createConnection({ host: '127.0.0.1', port: await link.listen() })
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  it('delays what goes through it, each way', async () => {
    const socket = await connect((_, way) => (way === 'to' ? 40 : 30))
    const began = performance.now()
    socket.write('ping')
    await once(socket, 'data')
    const took = performance.now() - began
    assert.ok(took >= 69, `there and back took ${took} ms, not 70`)
    socket.destroy()
  })

  it('keeps the order of everything, however long each piece takes, and passes the end on', async () => {
    const chance = random(1)
    let arrivesAt = 0
    const socket = await connect(() => {
      // Like a stream that loses packets: later pieces wait for earlier ones.
      arrivesAt = Math.max(arrivesAt, performance.now() + 8 * chance())
      return arrivesAt - performance.now()
    })
    const sent = randomBytes(2 ** 21)
    const received = createHash('sha256')
    socket.on('data', bytes => received.update(bytes))
    socket.end(sent)
    await once(socket, 'end')
    assert.equal(received.digest('hex'), createHash('sha256').update(sent).digest('hex'))
  })

  it('lets nothing through while it is cut, and then everything', async () => {
    const socket = await connect(() => 0)
    socket.write('one ')
    await once(socket, 'data')
    link?.cut(true)
    const arrived: string[] = []
    socket.on('data', bytes => arrived.push(String(bytes)))
    socket.write('two')
    // A second connection is let in and gets nothing either: when its opening is over, the first has had its time.
    const other = createConnection({ host: '127.0.0.1', port: socket.remotePort ?? 0 })
    await once(other, 'connect')
    assert.deepEqual(arrived, [])
    link?.cut(false)
    await once(socket, 'data')
    assert.equal(arrived.join(''), 'two')
    socket.destroy()
    other.destroy()
  })

  it('breaks its connections when it is reset, and takes new ones', async () => {
    const socket = await connect(() => 0)
    socket.write('one')
    await once(socket, 'data')
    const { remotePort = 0 } = socket
    const closed = new Promise(resolve => socket.once('close', resolve))
    link?.reset()
    await closed
    const again = createConnection({ host: '127.0.0.1', port: remotePort })
    again.write('two')
    const [answer] = await once(again, 'data')
    assert.equal(String(answer), 'two')
    again.destroy()
  })
})
