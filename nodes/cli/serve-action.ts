import { once } from 'node:events'
import path from 'node:path'
import { styleText } from 'node:util'
import type { Model, TensorSpec } from '../../src/models/index.ts'
import type { ProviderReport } from '../../src/runtime/index.ts'
import { createPeer, type Peer } from '../peer.ts'
import { InterruptedError, UsageError } from './errors.ts'
import { executorOf } from './executor.ts'
import { fleetOf } from './fleet.ts'
import { interruptible } from './interruption.ts'
import type { MetricsServer } from './metrics-server.ts'
import { cacheOf } from './model-cache.ts'
import { filesById, obtainModels } from './obtain-models.ts'
import type { ServeOptions } from './serve.ts'

/** A relay gives a place within a second; one that is down may come up yet. */
const RELAY_PATIENCE_MS = 10_000

/** Serves until a signal comes. */
export async function serve(options: ServeOptions): Promise<void> {
  const { dht, relay } = options
  const serves = options.model !== undefined || options.executor !== undefined
  if (!serves && relay === undefined && dht !== 'server') {
    throw new UsageError(
      'say what to serve: --model <file>, or --executor with a program that has models of its own; or be a --relay or --dht server'
    )
  }
  await interruptible(async signal => {
    const { listen, bootstrap, mdns, presence, batching, json } = options
    const fleet = await fleetOf(
      options,
      json && (refusal => console.log(JSON.stringify({ event: 'refused', ...refusal })))
    )
    const reached = { listen, bootstrap, mdns, dht: dht === true ? 'client' : dht, presence, relay, ...fleet } as const
    const cache = cacheOf(options)
    const models = await obtainModels(options, { cache, peer: reached, show: json === undefined, signal })
    const executor = serves ? await executorOf(models, options) : undefined
    const served = (): Map<string, string> => filesById(executor?.models ?? [], models)
    const counted = await metricsOf(options)
    const peer = await createPeer({
      ...reached,
      executor,
      batching,
      metrics: counted?.metrics,
      exchange: { cache, served }
    }).catch(async error => {
      await counted?.close()
      throw error
    })
    try {
      await addressed(peer, signal)
      const { models = [], providers = [] } = executor ?? {}
      const ready = { id: peer.id, addresses: peer.addresses, models, providers, metrics: counted?.url }
      if (!signal.aborted) {
        console.log(json ? JSON.stringify({ event: 'ready', ...ready }) : readyText(ready, options))
        await once(signal, 'abort')
      }
    } finally {
      await peer.stop()
      await counted?.close()
    }
    const by = signal.reason instanceof InterruptedError ? signal.reason.signal : undefined
    console.log(json ? JSON.stringify({ event: 'stopped', signal: by }) : `stopped by ${by}`)
  })
}

/** A peer that is only reached through a relay has no address before it has a place there. */
async function addressed({ libp2p }: Peer, signal: AbortSignal): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(RELAY_PATIENCE_MS)])
  while (libp2p.getMultiaddrs().length === 0 && !patience.aborted) {
    await once(libp2p, 'self:peer:update', { signal: patience }).catch(() => {})
  }
}

async function metricsOf({ metrics: port }: ServeOptions): Promise<MetricsServer | undefined> {
  if (port === undefined) {
    return undefined
  }
  const { serveMetrics } = await import('./metrics-server.ts')
  return serveMetrics(port)
}

interface Ready {
  id: string
  addresses: readonly string[]
  models: readonly Model[]
  providers: readonly ProviderReport[]
  /** Where its metrics are read. */
  metrics: string | undefined
}

function readyText(
  { id, addresses, models, providers, metrics }: Ready,
  { identity, networkKey }: ServeOptions
): string {
  const bold = (text: string): string => styleText('bold', text)
  const [address = ''] = addresses
  const lines = [
    `${bold('peer')}       ${id}${identity === undefined ? styleText('dim', '  (new each time; --identity keeps it)') : ''}`,
    ...addresses.map((each, i) => `${i === 0 ? bold('addresses') : ' '.repeat(9)}  ${each}`)
  ]
  for (const model of models) {
    lines.push(
      `${bold('model')}      ${model.name}@${model.id.slice(0, 12)}  ${signatureText(model)}`,
      ...providerLines(providers.find(report => report.model === model.name)).map(line => ' '.repeat(11) + line)
    )
  }
  return [
    ...lines,
    ...(metrics === undefined ? [] : [`${bold('metrics')}    ${metrics}`]),
    styleText('green', 'ready'),
    '',
    'Try it in another terminal:',
    `  ${invocation()} ${tryIt(models)} --peer ${address}${networkKey === undefined ? '' : ` --network-key ${networkKey}`}`
  ].join('\n')
}

function tryIt([model]: readonly Model[]): string {
  return model === undefined
    ? 'serve --dht --model <file>'
    : `infer --model ${model.name} --input ${exampleInput(model)}`
}

/** What to type for this command line: a checkout is not on the PATH. */
function invocation(): string {
  const [, script = ''] = process.argv
  return script.endsWith('.mjs') ? `node ${path.relative(process.cwd(), script)}` : 'splinemesh'
}

function signatureText({ signature: { inputs, outputs } }: Model): string {
  const one = ({ name, dtype, shape }: TensorSpec): string =>
    `${name} ${dtype} [${shape.map(length => length ?? 'any').join(', ')}]`
  return `${inputs.map(one).join(', ')} → ${outputs.map(one).join(', ')}`
}

/** Where the model runs, and aloud what was preferred and does not work: ONNX Runtime itself would say nothing. */
function providerLines(report: ProviderReport | undefined): string[] {
  if (report === undefined) {
    return []
  }
  const { provider, partly, unavailable } = report
  const lines = unavailable.map(each => `${each.provider} does not work here: ${firstLine(each.reason)}`)
  const advice = `${invocation()} doctor --ep ${unavailable.map(each => each.provider)} says what to do`
  return [
    ...lines.map(line => styleText('yellow', line)),
    ...(lines.length > 0 ? [styleText('dim', advice)] : []),
    styleText('dim', `on ${provider}${partly ? ', some operators on the CPU: it has no kernel for them' : ''}`)
  ]
}

function exampleInput(model: Model): string {
  return model.signature.inputs[0]?.shape.length === 4 ? 'image.png' : 'batch.npy'
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]
}
