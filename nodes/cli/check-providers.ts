import { fileURLToPath } from 'node:url'
import type { ProviderProbe } from '../../src/runtime/index.ts'
import type { Finding } from './finding.ts'
import { millis } from './quantities.ts'

/**
 * Tries execution providers on the LeNet-5 that comes with the package.
 *
 * @param asked those that `serve --ep` would be given, in order; without them, all that this build of ONNX Runtime knows
 */
export async function checkProviders(asked: readonly string[] | undefined): Promise<Finding[]> {
  const { knownProviders, probeProvider } = await import('../../src/runtime/index.ts')
  const path = fileURLToPath(
    new URL('scripts/models/digits/lenet5.onnx', import.meta.resolve('splinemesh/package.json'))
  )
  const known = knownProviders()
  const probes: ProviderProbe[] = []
  // One after the other, so that their times are their own.
  for (const provider of asked ?? known) {
    probes.push(
      await probeProvider(provider, { name: 'lenet5', path }).catch(error => ({
        provider,
        works: false,
        reason: String(error?.message ?? error)
      }))
    )
  }
  const findings = probes.map(probe => findingOf(probe, known))
  return asked === undefined ? findings : [...findings, orderOf(probes)]
}

function findingOf(probe: ProviderProbe, known: readonly string[]): Finding {
  const { provider: about } = probe
  if (!probe.works) {
    return {
      about,
      status: 'note',
      finding: `does not work here: ${probe.reason}`,
      todo: whatToDo(about, known)
    }
  }
  const { runMs, firstRunMs, partly } = probe
  const finding = `works: ${millis(runMs)} for one image through LeNet-5, the first time ${millis(firstRunMs)}`
  return partly
    ? {
        about,
        status: 'note',
        finding: `${finding}; some operators on the CPU`,
        todo: 'nothing, unless it is slower than cpu'
      }
    : { about, status: 'ok', finding }
}

/** What `serve` would take: the fall-back is said aloud here, as it is there. */
function orderOf(probes: readonly ProviderProbe[]): Finding {
  const about = 'serve'
  const order = `--ep ${probes.map(({ provider }) => provider)}`
  const taken = probes.find(({ works }) => works)?.provider
  if (taken === undefined) {
    return {
      about,
      status: 'problem',
      finding: `${order} ends at once: none of them works`,
      todo: 'add cpu to the list'
    }
  }
  return {
    about,
    status: taken === probes[0].provider ? 'ok' : 'note',
    finding: `${order} runs on ${taken}`
  }
}

const MISSING_LIBRARIES: Readonly<Record<string, string>> = {
  webgpu:
    'install a Vulkan driver: on Debian and Ubuntu libvulkan1, and mesa-vulkan-drivers or that of the GPU’s maker',
  cuda:
    'download ONNX Runtime’s CUDA libraries (ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js) ' +
    'and install CUDA 12 with cuDNN 9 where the loader finds them (LD_LIBRARY_PATH)',
  tensorrt: 'as for cuda, and install TensorRT for CUDA 12',
  coreml: 'update macOS',
  dml: 'update Windows and the driver of the GPU'
}

function whatToDo(provider: string, known: readonly string[]): string {
  if (known.includes(provider)) {
    return MISSING_LIBRARIES[provider] ?? 'see what it says'
  }
  return `the ONNX Runtime of npm for ${process.platform} ${process.arch} has ${known.join(', ')}; another one can be run by serve --executor (docs/devices.md)`
}
