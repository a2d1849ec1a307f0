import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { chunkCount, contentId } from '../../../src/models/index.ts'
import type { Order, Report } from './fleet-process.ts'
import { model, Peers } from './peers.ts'

const FLEET = 8

/** 14 MB in chunks of 256 KiB. */
const CHUNKS = 54

class Member {
  readonly process: ChildProcess
  readonly chunks: number[] = []
  readonly #reports = new Map<Report['type'], PromiseWithResolvers<Report>>()

  constructor(folder: string, chunkArrived: () => void) {
    this.process = fork(path.join(import.meta.dirname, 'fleet-process.ts'), [folder])
    this.process.on('message', (report: Report) => {
      if (report.type === 'chunk') {
        this.chunks.push(report.chunk)
        chunkArrived()
      } else {
        this.#report(report.type).resolve(report)
      }
    })
    this.process.once('exit', (code, signal) => {
      for (const { reject } of this.#reports.values()) {
        reject(new Error(`a process of the fleet ended: ${code ?? signal}`))
      }
    })
  }

  tell(order: Order): void {
    this.process.send(order)
  }

  async hears<T extends Report['type']>(type: T): Promise<Extract<Report, { type: T }>> {
    const report = await this.#report(type).promise
    assert.ok(isA(report, type))
    return report
  }

  #report(type: Report['type']): PromiseWithResolvers<Report> {
    let report = this.#reports.get(type)
    if (report === undefined) {
      report = Promise.withResolvers()
      report.promise.catch(() => {})
      this.#reports.set(type, report)
    }
    return report
  }
}

function isA<T extends Report['type']>(report: Report, type: T): report is Extract<Report, { type: T }> {
  return report.type === type
}

describe('a fleet of processes', () => {
  it('gets a file of 14 MB from one seed, and from each other when the seed is killed half-way', {
    timeout: 180_000
  }, async () => {
    await using peers = new Peers()
    const large = await model(CHUNKS)
    const { folder } = await peers.peer({ has: [large] })
    assert.equal(chunkCount(large.bytes.length), CHUNKS)

    const halfWay = Promise.withResolvers<void>()
    const members: Member[] = []
    const looked = (): void => {
      const all = members.flatMap(({ chunks }) => chunks)
      // before the fleet together has every chunk, no protocol could do without the seed
      if (all.length >= (FLEET * CHUNKS) / 2 && new Set(all).size === CHUNKS) {
        halfWay.resolve()
      }
    }
    const seed = new Member(folder, looked)
    members.push(...Array.from({ length: FLEET }, () => new Member(peers.folder(), looked)))
    try {
      const addresses = await Promise.all([seed, ...members].map(async each => (await each.hears('ready')).address))
      for (const [i, member] of members.entries()) {
        member.tell({ type: 'connect', addresses: addresses.slice(0, i + 1) })
      }
      await Promise.all(members.map(member => member.hears('connected')))
      for (const member of members) {
        member.tell({ type: 'fetch', id: large.id })
      }
      await halfWay.promise
      seed.process.kill('SIGKILL')
      const missing = members.map(({ chunks }) => CHUNKS - chunks.length)
      assert.ok(Math.max(...missing) > 0, 'the seed was killed when all were done: nothing was tested')

      const done = await Promise.all(members.map(member => member.hears('done')))
      for (const [i, { path: file }] of done.entries()) {
        assert.equal(contentId(readFileSync(file)), large.id)
        assert.deepEqual(
          members[i].chunks.toSorted((a, b) => a - b),
          Array.from({ length: CHUNKS }, (_, chunk) => chunk),
          'every chunk was checked and kept once'
        )
      }
      const ends = members.map(({ process }) => once(process, 'exit'))
      for (const member of members) {
        member.tell({ type: 'stop' })
      }
      await Promise.all(ends)
    } finally {
      for (const { process } of [seed, ...members]) {
        process.kill('SIGKILL')
      }
    }
  })
})
