/**
 * The entry of a machine's process: a worker as slow as its device, behind a link as slow as its network, to which things happen as
 * it is told. It lives as long as the channel to the process that forked it.
 */
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { random } from '../../src/chance/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { behaviour, type Condition, conditionOf } from '../../src/simulation/index.ts'
import { systemClock } from '../clock.ts'
import { createPeer } from '../peer.ts'
import { emulated } from './emulated-executor.ts'
import { Link } from './link.ts'
import { isMachineOrder, type MachineOrder, type MachineProcessInit, type MachineWord } from './messages.ts'

/** How long it may take to stop, in ms. */
const STOP_MS = 2000

const { device, cost, chance, models, exits, identity, port }: MachineProcessInit = JSON.parse(process.argv[2])
const conditions = new Map<number, Condition>()
const profile = behaviour({
  device,
  clock: systemClock,
  chance: random(chance.seed, chance.stream),
  cost,
  conditions: { [Symbol.iterator]: () => conditions.values() }
})

// Ctrl-C reaches every process of the terminal; the first one alone decides how to end.
process.on('SIGINT', () => {})
const parted = process.connected ? once(process, 'disconnect') : Promise.resolve()
parted.then(() => setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS).unref())

const peer = await createPeer({
  identity,
  executor: emulated({
    executor: onnxExecutor({ models }),
    profile,
    exits: new Map(exits),
    ran: ms => say({ type: 'ran', ms })
  })
})
const [listening] = peer.libp2p.getMultiaddrs()
const to = Number(listening.getComponents().find(({ name }) => name === 'tcp')?.value)
const link = new Link({ clock: systemClock, port, to, delay: (bytes, way) => profile.network(bytes, way) })
const linkPort = await link.listen()
process.on('message', order => {
  if (isMachineOrder(order)) {
    obey(order)
  }
})
// For the machines that start after this one.
flushCompileCache()
say({ type: 'ready', address: `/ip4/127.0.0.1/tcp/${linkPort}/p2p/${peer.id}`, port: linkPort })
await parted
await peer.stop()
link.close()

function obey(order: MachineOrder): void {
  switch (order.type) {
    case 'suffer': {
      const { seed, stream } = order.source
      conditions.set(order.id, conditionOf(order.fault, systemClock, random(seed, stream)))
      break
    }
    case 'recover':
      conditions.delete(order.id)
      break
    case 'cut':
      link.cut(order.cut)
      break
    case 'reset':
      link.reset()
      break
  }
}

function say(word: MachineWord): void {
  // With a callback, a parent that has just died is no uncaught error: `parted` tells.
  process.send?.(word, undefined, {}, () => {})
}
