import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import manifest from '../../../package.json' with { type: 'json' }
import { formatNpy, Tensor } from '../../../src/tensor/index.ts'
import { command, digits, said, splinemesh } from './processes.ts'

const NOBODY = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
const zero = path.join(digits, 'examples/0.png')

describe('the command line, before it looks for anybody', () => {
  let folder = ''
  let empty = ''

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-usage-'))
    empty = path.join(folder, 'empty.npy')
    writeFileSync(empty, formatNpy(Tensor.float32([], [0, 1, 32, 32])))
    writeFileSync(path.join(folder, 'notes.txt'), 'no image')
    writeFileSync(path.join(folder, 'other.json'), '{ "view": {} }')
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('says its version', async () => {
    const ended = await splinemesh('--version')
    assert.equal(ended.out.trim(), manifest.version, said(ended))
    assert.equal(ended.code, 0)
  })

  it('helps every command with examples and tells the exit codes', async () => {
    for (const command of ['serve', 'infer', 'peers', 'calibrate', 'doctor']) {
      const ended = await splinemesh(command, '--help')
      assert.equal(ended.code, 0, said(ended))
      assert.match(ended.out, new RegExp(`Examples:\\n  \\$ splinemesh ${command}`))
      assert.match(ended.out, /--json/)
    }
    const ended = await splinemesh('--help')
    assert.match(ended.out, /Exit codes:\n {2}0 /)
  })

  it('shows help and fails when no command is given', async () => {
    const ended = await splinemesh()
    assert.equal(ended.code, 2, said(ended))
    assert.match(ended.err, /Usage: splinemesh/)
  })

  const ask = ['infer', '--model', 'lenet5', '--peer', NOBODY]
  const cases: Array<{ what: string; args: () => string[]; error: string; code?: number }> = [
    { what: 'an unknown option', args: () => [...ask, '--inptu', zero], error: 'ERR_USAGE' },
    { what: 'a bad duration', args: () => [...ask, '--input', zero, '--deadline', 'soon'], error: 'ERR_USAGE' },
    { what: 'nowhere to look', args: () => ['infer', '--model', 'm', '--input', zero], error: 'ERR_USAGE' },
    { what: 'an unknown code', args: () => [...ask, '--input', zero, '--code', 'magic'], error: 'ERR_UNKNOWN_CODE' },
    { what: 'K below 1', args: () => [...ask, '--input', zero, '--k', '0'], error: 'ERR_INVALID_CODE' },
    { what: 'N below K', args: () => [...ask, '--input', zero, '--n', '3'], error: 'ERR_INVALID_CODE' },
    { what: 'a missing input', args: () => [...ask, '--input', path.join(folder, 'no.png')], error: 'ERR_INPUT_FILE' },
    {
      what: 'an input of an unknown kind',
      args: () => [...ask, '--input', path.join(folder, 'notes.txt')],
      error: 'ERR_INPUT_FILE'
    },
    { what: 'mixed kinds of input', args: () => [...ask, '--input', zero, empty], error: 'ERR_INPUT_FILE' },
    { what: 'no queries', args: () => [...ask, '--input', empty], error: 'ERR_NO_QUERIES' },
    ...Object.entries({ student: 'STUDENT', description: 'SHRUNK', exits: 'EXITS', parity: 'COMPANION' }).map(
      ([option, kind]) => ({
        what: `another file as --${option}`,
        args: () => [...ask, '--input', zero, `--${option}`, path.join(folder, 'other.json')],
        error: `ERR_INVALID_${kind}_PROFILE`
      })
    ),
    {
      what: 'a model file that is missing',
      args: () => ['infer', '--model', path.join(folder, 'no.onnx'), '--input', zero, '--peer', NOBODY],
      error: 'ERR_MODEL_LOAD',
      code: 4
    }
  ]
  for (const { what, args, error, code = 2 } of cases) {
    it(`refuses ${what} with ${error} and exit code ${code}`, async () => {
      const ended = await command(...args())
      assert.equal(ended.code, code, said(ended))
      assert.match(ended.err, new RegExp(`^[A-Z]\\w+Error \\(${error}\\): .{10}`), 'name, code and what to do')
      assert.doesNotMatch(ended.err, /\n\s+at /, 'a named error has no stack trace')
      assert.equal(ended.out, '', 'nothing is printed as if it were a result')
    })
  }

  it('tells errors as JSON on stderr when asked for JSON', async () => {
    const ended = await splinemesh(...ask, '--input', empty, '--json')
    assert.equal(ended.code, 2, said(ended))
    const { error } = JSON.parse(ended.err)
    assert.deepEqual([error.name, error.code], ['NoQueriesError', 'ERR_NO_QUERIES'])
    assert.match(error.message, /empty\.npy has no rows/)
  })

  it('says which address did not answer when no worker is found, exit code 3', async () => {
    const ended = await command(...ask, '--input', zero, '--wait', '2s')
    assert.equal(ended.code, 3, said(ended))
    assert.match(ended.err, /^NoWorkersError \(ERR_NO_WORKERS\)/)
    assert.match(ended.err, /tcp\/9\/p2p\/12D3Koo.*: .*ECONNREFUSED/)
  })
})
