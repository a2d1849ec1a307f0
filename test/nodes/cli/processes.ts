import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { mock } from 'node:test'
import { format } from 'node:util'
import { run } from '../../../nodes/cli/run.ts'

// The runner of tests forces colours where it is run from a terminal.
delete process.env.FORCE_COLOR
process.env.NO_COLOR = '1'

const root = path.resolve(import.meta.dirname, '../../..')
const launcher = path.join(root, 'nodes/cli/splinemesh.mjs')

/** Long enough for a loaded machine; only a process that hangs takes it. */
const PATIENCE_MS = 30_000

export const digits = path.join(root, 'scripts/models/digits')
export const lenet5 = path.join(digits, 'lenet5.onnx')
export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

export interface Ended {
  code: number | null
  out: string
  err: string
}

function start(args: readonly string[]) {
  return spawn(process.execPath, [launcher, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Kills a process that takes too long, so that its end is a failed assertion and not a hanging test. */
function bounded(child: ChildProcess): () => void {
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  return () => clearTimeout(timer)
}

/** Runs the command line to its end. Exit code null: it was killed because it did not end. */
export async function splinemesh(...args: string[]): Promise<Ended> {
  const child = start(args)
  const done = bounded(child)
  try {
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { code, out, err }
  } finally {
    done()
  }
}

/**
 * Runs the command line in this process, where a process of its own is not what is tested: one takes a second to start. What
 * it says is caught from the console, so one at a time.
 */
export async function command(...args: string[]): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []]
  const caught = [
    mock.method(console, 'log', (...values: unknown[]) => out.push(`${format(...values)}\n`)),
    mock.method(console, 'error', (...values: unknown[]) => err.push(`${format(...values)}\n`))
  ]
  try {
    await run(args)
    return { code: Number(process.exitCode ?? 0), out: out.join(''), err: err.join('') }
  } finally {
    process.exitCode = undefined
    for (const { mock } of caught) mock.restore()
  }
}

/** What went wrong, for the message of an assertion about the exit code. */
export function said({ code, out, err }: Ended): string {
  return `exit ${code}\n--- stdout\n${out}\n--- stderr\n${err}`
}

export interface Serving {
  /** The first line it printed. */
  ready: Record<string, unknown> & { id: string; addresses: string[] }
  address: string
  /** Sends a signal and waits for the end; `out` has the lines after the first. */
  end(signal?: NodeJS.Signals): Promise<Ended>
}

/** Starts `serve --json` and waits until it is ready. */
export async function serve(...args: string[]): Promise<Serving> {
  const child = start(['serve', '--json', ...args])
  const done = bounded(child)
  const exited = once(child, 'exit')
  const errors = text(child.stderr)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const first = await lines.next()
  done()
  if (first.done) {
    throw new Error(`serve ended before it was ready: ${await errors}`)
  }
  const ready = JSON.parse(first.value)
  return {
    ready,
    address: ready.addresses[0],
    async end(signal = 'SIGTERM') {
      const ended = bounded(child)
      child.kill(signal)
      const rest: string[] = []
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        rest.push(line.value)
      }
      const [code] = await exited
      ended()
      return { code, out: rest.join('\n'), err: await errors }
    }
  }
}
