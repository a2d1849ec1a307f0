/** A peer in a process of its own, which its parent tells what to do over IPC. Started with a folder for its cache. */
import { multiaddr } from '@multiformats/multiaddr'
import { type ModelId, modelCache } from '../../../src/models/index.ts'
import { createNode } from './peers.ts'

export type Order = { type: 'connect'; addresses: string[] } | { type: 'fetch'; id: ModelId } | { type: 'stop' }

export type Report =
  | { type: 'ready'; address: string }
  | { type: 'connected' }
  | { type: 'chunk'; chunk: number; from: string }
  | { type: 'done'; path: string }

const [folder = ''] = process.argv.slice(2)
const cache = modelCache({ folder, now: Date.now })
const node = await createNode({ cache })

function report(message: Report): void {
  process.send?.(message)
}

async function obey(order: Order): Promise<void> {
  switch (order.type) {
    case 'connect':
      for (const address of order.addresses) {
        await node.dial(multiaddr(address))
      }
      return report({ type: 'connected' })
    case 'fetch': {
      const { path } = await node.services.models.fetch(order.id, {
        progress: ({ chunk, from }) => report({ type: 'chunk', chunk, from })
      })
      return report({ type: 'done', path })
    }
    case 'stop':
      await node.stop()
      process.disconnect()
  }
}

process.on('message', (order: Order) => void obey(order))
// a parent that was killed cannot say stop
process.on('disconnect', () => void node.stop())
report({ type: 'ready', address: node.getMultiaddrs()[0].toString() })
