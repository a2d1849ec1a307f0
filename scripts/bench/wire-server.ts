/**
 * The entry of the process that is asked: a splinemesh worker whose models run in a thread, on the same libp2p node the bare
 * protocols through the same thread, and beside it plain sockets. It says its addresses over IPC, and ends with the channel to
 * the process that forked it.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { createPeer } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { BARE_COUNT, BARE_ECHO, frameOf, frameReader, readStream } from './framed.ts'
import { PRE_SHARED } from './pre-shared.ts'
import { ThreadHop } from './thread-hop.ts'
import { COUNT, COUNT_SIGNATURE, ECHO, ECHO_SIGNATURE } from './wire-models.ts'

const parted = once(process, 'disconnect')
const hop = new ThreadHop()
const executor = functionExecutor({
  slots: 64,
  models: [
    {
      name: ECHO,
      signature: ECHO_SIGNATURE,
      run: async ({ x }) => ({ y: Tensor.fromBytes(x.dtype, x.shape, await hop.echo(x.bytes)) })
    },
    {
      name: COUNT,
      signature: COUNT_SIGNATURE,
      run: async ({ x }) => ({ n: Tensor.fromBytes('int32', [1], await hop.count(x.bytes)) })
    }
  ]
})
const peer = await createPeer({ executor, encrypter: 'tls' })
await peer.libp2p.handle(BARE_ECHO, stream => {
  readStream(stream, bytes => void hop.echo(bytes).then(answer => stream.send(frameOf(answer))))
})
await peer.libp2p.handle(BARE_COUNT, stream => {
  readStream(stream, bytes => void hop.count(bytes).then(answer => stream.send(frameOf(answer))))
})

const echoOver = overSocket(bytes => hop.echo(bytes))
const countOver = overSocket(bytes => hop.count(bytes))
const servers = {
  'tcp echo': createServer(echoOver),
  'tcp count': createServer(countOver),
  'tls echo': createTlsServer(PRE_SHARED, echoOver),
  'tls count': createTlsServer(PRE_SHARED, countOver)
}
const ports: Partial<Record<keyof typeof servers, number>> = {}
for (const [name, server] of Object.entries(servers)) {
  Object.assign(ports, { [name]: await listening(server) })
}
process.send?.({ address: peer.addresses[0], ports })
await parted
for (const server of Object.values(servers)) {
  server.close()
}
await peer.stop()
await hop.stop()

function overSocket(answer: (bytes: Uint8Array) => Promise<Uint8Array>): (socket: Socket) => void {
  return socket => {
    const read = frameReader(bytes => void answer(bytes).then(answered => socket.write(frameOf(answered))))
    // the other side ends by destroying its sockets
    socket
      .setNoDelay()
      .on('data', read)
      .on('error', () => {})
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
