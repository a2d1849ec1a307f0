/**
 * Photos instead of digits, by the command line alone: four workers (`splinemesh serve`) with MobileNet, and one
 * `splinemesh infer` that labels four photos. Model and photos are not part of the project: `--data <folder>`, or
 * SPLINEMESH_DATA, says where they are. Exit code 2 without them, else that of `splinemesh infer`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { DemoError } from './errors.ts'

const CLI = fileURLToPath(new URL('../../nodes/cli/splinemesh.mjs', import.meta.url))
const WORKERS = 4
const PHOTOS = 4

const { values } = parseArgs({
  options: { data: { type: 'string' }, code: { type: 'string', default: 'replication' } }
})
const data = values.data ?? process.env.SPLINEMESH_DATA
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Every time: npm sends Ctrl-C once more after the terminal has.
  process.on(signal, () => {
    process.exitCode = 128 + constants.signals[signal]
    interrupted.abort(new DemoError(`interrupted by ${signal}`))
  })
}

try {
  if (data === undefined) {
    process.exitCode = 2
    throw new DemoError('say where the photos are: --data <folder> or SPLINEMESH_DATA; see docs/demo.md')
  }
  await labelPhotos(path.resolve(data), values.code)
} catch (thrown) {
  process.exitCode ??= 1
  const error: unknown = interrupted.signal.aborted ? interrupted.signal.reason : thrown
  console.error(error instanceof Error ? `photos: ${error.message}` : error)
}

async function labelPhotos(folder: string, code: string): Promise<void> {
  const model = path.join(folder, 'models', 'mobilenet_v1_0.25_128_fp32.onnx')
  const archive = path.join(folder, 'data', 'imagenet-sample', 'even500_256px_jpeg.tar')
  const labels = path.join(folder, 'data', 'imagenet-sample', 'labels_1001.txt')
  for (const file of [model, archive, labels]) {
    await access(file).catch(cause => {
      process.exitCode = 2
      throw new DemoError(`there is no ${file}; see docs/demo.md for what the data folder holds`, { cause })
    })
  }
  const unpacked = await mkdtemp(path.join(tmpdir(), 'splinemesh-photos-'))
  const workers: ChildProcess[] = []
  try {
    const photos = await unpackPhotos(archive, unpacked)
    console.log(`${WORKERS} workers serve MobileNet, one master asks them for ${photos.length} photos`)
    const serve = ['serve', '--model', `mobilenet=${model}`, '--listen', '/ip4/127.0.0.1/tcp/0', '--json']
    while (workers.length < WORKERS) {
      workers.push(splinemesh(serve, { stdout: 'pipe' }))
    }
    const addresses = await Promise.all(workers.map(addressOf))
    const pixels = ['--mean', '0.5', '--std', '0.5', '--labels', labels]
    const plan = ['--k', String(PHOTOS), '--code', code, '--deadline', '5s']
    const ask = ['infer', '--model', 'mobilenet', '--input', ...photos, ...pixels, ...plan, '--peer', ...addresses]
    const [exitCode] = await once(splinemesh(ask, { stdout: 'inherit', cwd: unpacked }), 'exit')
    process.exitCode ??= exitCode
  } finally {
    await Promise.all(workers.map(end))
    await rm(unpacked, { recursive: true })
  }
}

/** Unpacks a few photos, evenly spread over the archive, and returns their names. */
async function unpackPhotos(archive: string, folder: string): Promise<string[]> {
  const tar = promisify(execFile)
  const { stdout } = await tar('tar', ['-tf', archive])
  const all = stdout.split('\n').filter(name => /\.jpe?g$/i.test(name))
  const chosen = Array.from({ length: PHOTOS }, (_, i) => all[Math.floor((i * all.length) / PHOTOS)])
  await tar('tar', ['-xf', archive, '-C', folder, ...chosen])
  return chosen
}

function splinemesh(args: string[], { stdout, cwd }: { stdout: 'pipe' | 'inherit'; cwd?: string }): ChildProcess {
  interrupted.signal.throwIfAborted()
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', stdout, 'inherit'], cwd })
  interrupted.signal.addEventListener('abort', () => child.kill('SIGTERM'))
  return child
}

/** The address that `splinemesh serve --json` prints when it is ready. */
async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout !== null) {
    for await (const line of createInterface({ input: stdout })) {
      const { event, addresses } = JSON.parse(line)
      if (event === 'ready') {
        return addresses[0]
      }
    }
  }
  throw new DemoError('a worker ended before it served; what it said stands above')
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode === null && worker.signalCode === null && worker.kill('SIGTERM')) {
    await once(worker, 'exit')
  }
}
