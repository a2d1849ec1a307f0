import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../scripts/demo/main.ts', import.meta.url))
const WORKERS = 5
const PLANS = 6
/** A bound for what hangs, not for what is slow. */
const PATIENCE_MS = 90_000

interface PlanFigures {
  plan: string
  queries: number
  answered: number
  exact: number
  reconstructed: number
  answeredShare: number
  groupsAnsweredShare: number
  bytesSent: number
}

interface Report {
  figures: { direct: { accuracy: number }; plans: PlanFigures[]; failures: string[] }
  environment: { processes: number[] }
}

describe('the demo', () => {
  let out = ''

  before(async () => {
    out = await mkdtemp(path.join(tmpdir(), 'splinemesh-demo-'))
  })
  after(() => rm(out, { recursive: true, force: true }))

  it('answers the same queries under every plan, ends by itself and leaves no process behind', async () => {
    const groups = 6
    const demo = launch(['--groups', String(groups), '--workers', String(WORKERS), '--json', '--out', out])
    const { code, stdout, stderr } = await demo.ended()
    const { figures, environment } = parse(stdout, stderr)

    assert.deepEqual(figures.failures, [], stderr)
    assert.equal(code, 0, stderr)

    assert.deepEqual(
      figures.plans.map(({ plan }) => plan),
      ['uncoded', 'replication', 'BACC', 'NeRCC', 'student', 'mosaic']
    )
    for (const { plan, queries, answered, exact, reconstructed, bytesSent } of figures.plans) {
      assert.equal(queries, 4 * groups, `${plan}: every query has an outcome`)
      assert.equal(answered, exact + reconstructed, `${plan}: an answer is exact or reconstructed`)
      assert.ok(bytesSent >= queries * 32 * 32 * 4, `${plan}: sent ${bytesSent} bytes, each query alone is 4096`)
    }
    const [uncoded, , bacc, nercc, student, mosaic] = figures.plans
    assert.ok(uncoded.answeredShare < 1, 'without coding, the queries of slow workers go unanswered')
    assert.equal(bacc.groupsAnsweredShare, 1, 'BACC answers every group by the deadline')
    assert.equal(nercc.groupsAnsweredShare, 1, 'NeRCC answers every group by the deadline')
    assert.ok(student.answeredShare > uncoded.answeredShare, 'beside a student, what slow workers owe is answered')
    assert.ok(mosaic.answeredShare > uncoded.answeredShare, 'a mosaic answers what slow workers owe')
    assert.ok(figures.direct.accuracy > 0.9, `the model alone is right on ${figures.direct.accuracy} of the queries`)

    assert.deepEqual(parse(await readFile(path.join(out, 'demo.json'), 'utf8'), 'demo.json').figures, figures)
    assert.match(await readFile(path.join(out, 'group.svg'), 'utf8'), /^<svg .*NeRCC with K = 4, N = 5.*<\/svg>$/s)
    assert.match(await readFile(path.join(out, 'group-with-student.svg'), 'utf8'), /^<svg .*5 copies.*<\/svg>$/s)
    // One worker is killed and one joins under each plan.
    assert.equal(environment.processes.length, WORKERS + PLANS, stderr)
    assert.deepEqual(environment.processes.filter(isAlive), [], 'these workers outlived the demo')
  })

  it('ends on Ctrl-C with exit code 130 and takes its workers along', async () => {
    const demo = launch(['--workers', String(WORKERS), '--out', out])
    const pids = await demo.workers()
    // Twice, as from a terminal and from npm.
    demo.kill('SIGINT')
    demo.kill('SIGINT')
    const { code, stderr } = await demo.ended()
    assert.equal(code, 130, stderr)
    assert.match(stderr, /interrupted by SIGINT/)
    assert.deepEqual(pids.filter(isAlive), [], 'these workers outlived the demo')
  })

  it('leaves no worker behind when the master is killed by SIGKILL', async () => {
    const demo = launch(['--workers', String(WORKERS), '--out', out])
    const pids = await demo.workers()
    assert.equal(pids.length, WORKERS)
    assert.deepEqual(pids.filter(isAlive), pids, 'every worker is a process that runs')
    demo.kill('SIGKILL')
    // The workers write to the master's stderr, so it closes when the last of them is gone. (Asking for their pids would not
    // do: an orphan that has ended keeps its pid until init takes notice.)
    const { signal } = await demo.ended()
    assert.equal(signal, 'SIGKILL')
  })
})

interface Demo {
  /** The process ids of the workers, once they are up. */
  workers(): Promise<number[]>
  kill(signal: NodeJS.Signals): void
  /** The end of the master and of everybody who shares its stderr. */
  ended(): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>
}

function launch(args: string[]): Demo {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)]
  const closed = once(child, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(cause => {
    child.kill('SIGTERM')
    throw new Error(`the demo or one of its workers was still there after ${PATIENCE_MS} ms`, { cause })
  })
  return {
    workers: () => workerPids(child),
    kill: signal => child.kill(signal),
    async ended() {
      const [code, signal] = await closed
      return { code, signal, stdout: await stdout, stderr: await stderr }
    }
  }
}

async function workerPids({ stderr }: ChildProcess): Promise<number[]> {
  let said = ''
  return new Promise((resolve, reject) => {
    stderr?.on('data', chunk => {
      said += chunk
      const [, pids] = /workers are up: processes ([\d ]+)\n/.exec(said) ?? []
      if (pids !== undefined) {
        resolve(pids.split(' ').map(Number))
      }
    })
    stderr?.on('end', () => reject(new Error(`the workers never came up; the demo said: ${said}`)))
  })
}

function parse(json: string, context: string): Report {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new Error(`no figures: ${context}`, { cause })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
