import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import type { Finding } from './finding.ts'

/** Of an organisation's own (RFC 2365), so that no other service hears it. */
const GROUP = '239.192.83.77'
const PATIENCE_MS = 1000
/** Interfaces of containers and virtual machines: nobody else on the network reaches their addresses. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|cni|flannel|podman)/
/** Before that, nothing of this was written. */
const EARLIEST = Date.UTC(2025, 0, 1)

/** Can other machines reach this one, and does multicast find them? */
export async function checkNetwork(): Promise<Finding[]> {
  return [checkInterfaces(), await checkListening(), await checkMulticast(), checkTime()]
}

function checkInterfaces(): Finding {
  const about = 'network'
  const outer = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => ({ name, address }))
  )
  const [own, virtual] = [
    outer.filter(({ name }) => !VIRTUAL.test(name)),
    outer.filter(({ name }) => VIRTUAL.test(name))
  ]
  const told = own.map(({ name, address }) => `${address} (${name})`).join(', ')
  if (own.length === 0) {
    return {
      about,
      status: 'note',
      finding: 'this machine has no address on a network',
      todo: 'connect it to one; until then only peers on this machine meet'
    }
  }
  if (virtual.length > 0) {
    const names = virtual.map(({ name }) => name).join(', ')
    return {
      about,
      status: 'note',
      finding: `${told}; and ${names}, which only containers reach`,
      todo: `to be found at one address only, name it: serve --listen /ip4/${own[0].address}/tcp/0`
    }
  }
  return { about, status: 'ok', finding: told }
}

/** Can a port be listened on, and reached at this machine's own addresses? What others may, only they can tell. */
async function checkListening(): Promise<Finding> {
  const about = 'listening'
  const server = createServer(socket => socket.destroy())
  try {
    server.listen(0, '0.0.0.0')
    await once(server, 'listening', { signal: AbortSignal.timeout(PATIENCE_MS) })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const hosts = own().map(({ address: host }) => host)
    const deaf = (await Promise.all(hosts.map(async host => ((await answers(host, port)) ? [] : [host])))).flat()
    return deaf.length === 0
      ? {
          about,
          status: 'ok',
          finding: 'a port can be listened on; whether a firewall keeps others away, only they can tell'
        }
      : {
          about,
          status: 'note',
          finding: `a port that was listened on did not answer at ${deaf.join(', ')}`,
          todo: 'let TCP pass in the firewall of this machine, or listen on an address that answers'
        }
  } catch (error) {
    return {
      about,
      status: 'note',
      finding: `no port can be listened on: ${String(error)}`,
      todo: 'a worker behind this can be reached through a relay: serve --listen /p2p-circuit --peer <relay>'
    }
  } finally {
    server.close()
  }
}

async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE_MS) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Sends itself a packet by multicast, as --mdns finds others. */
async function checkMulticast(): Promise<Finding> {
  const about = 'multicast'
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    socket.bind(0)
    await once(socket, 'listening', { signal: AbortSignal.timeout(PATIENCE_MS) })
    socket.addMembership(GROUP)
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) })
    socket.send('splinemesh doctor', socket.address().port, GROUP)
    await heard
    return { about, status: 'ok', finding: 'comes back, so --mdns can find peers on the same network' }
  } catch (error) {
    return {
      about,
      status: 'note',
      finding: `does not work here: ${error instanceof Error ? error.message : String(error)}`,
      todo: 'name peers by --peer, or meet through --presence and --dht; many wireless networks and containers block multicast'
    }
  } finally {
    socket.close()
  }
}

function checkTime(): Finding {
  const now = new Date()
  return now.getTime() < EARLIEST
    ? {
        about: 'clock',
        status: 'note',
        finding: `it is not ${now.toISOString().slice(0, 16)}Z`,
        todo: 'set the clock, by NTP say: adverts of --presence are dated, and others ignore those that are 5 minutes off'
      }
    : {
        about: 'clock',
        status: 'ok',
        finding: `${now.toISOString().slice(0, 16)}Z; presence needs it right to 5 minutes`
      }
}

function own(): NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap((each = []) =>
    each.filter(({ internal, family }) => !internal && family === 'IPv4')
  )
}
