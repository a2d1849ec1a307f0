import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { Registry } from 'prom-client'
import { PortInUseError } from '../errors.ts'
import type { PeerInit } from '../peer.ts'

/** What a peer counts, for Prometheus on this machine to read. */
export interface MetricsServer {
  /** To be given to the peer. */
  metrics: NonNullable<PeerInit['metrics']>
  /** Where they are read. */
  url: string
  close(): Promise<void>
}

/**
 * Serves metrics over HTTP on the loopback address alone: they say who asks what and how much.
 *
 * @param port 0 for any free one
 * @throws {PortInUseError} another process has it
 */
export async function serveMetrics(port: number): Promise<MetricsServer> {
  const registry = new Registry()
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    registry.metrics().then(
      text => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end()
    )
  })
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new PortInUseError(`the port ${port} for metrics is in use: stop the other process, or give another`, {
      cause
    })
  }
  const { port: taken } = server.address() as AddressInfo
  return {
    metrics: prometheusMetrics({ registry, preserveExistingMetrics: true }),
    url: `http://127.0.0.1:${taken}/metrics`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}
