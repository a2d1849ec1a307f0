import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { codeBlocks } from '../../scripts/checks/docs.ts'

const root = path.resolve(import.meta.dirname, '../..')

const PAGE = `# A page

\`\`\`ts
import { double } from 'splinemesh/codes'
const two: number = await double(1)
\`\`\`

\`\`\`sh
ls
\`\`\`

- in a list

  \`\`\`typescript
  import { double } from 'splinemesh/codes'
  const two: string = await double(1)
  \`\`\`
`

describe('the check of the code blocks', () => {
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-docs-'))
    cpSync(path.join(root, 'tsconfig.json'), path.join(folder, 'tsconfig.json'))
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    mkdirSync(path.join(folder, 'src/codes'), { recursive: true })
    writeFileSync(path.join(folder, 'src/codes/index.ts'), 'export const double = async (x: number) => 2 * x\n')
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function check(page: string) {
    mkdirSync(path.join(folder, 'docs/guides'), { recursive: true })
    writeFileSync(path.join(folder, 'docs/guides/page.md'), page)
    return spawnSync(process.execPath, [path.join(root, 'scripts/checks/docs.ts')], { cwd: folder, encoding: 'utf8' })
  }

  it('finds the TypeScript blocks of a page, and the lines they stand on', () => {
    assert.deepEqual(
      codeBlocks(PAGE).map(({ line, code }) => [line, code.trim().split('\n').length]),
      [
        [4, 2],
        [15, 2]
      ]
    )
  })

  it('names the page and the line of an error', () => {
    const { stderr, status } = check(PAGE)
    assert.match(stderr, /^docs\/guides\/page\.md:16:9: error TS2322/)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
    assert.equal(status, 1)
  })

  it('passes a page whose blocks compile', () => {
    const { stdout, stderr, status } = check(PAGE.replace('two: string', 'two: number'))
    assert.equal(stderr, '')
    assert.match(stdout, /2 code blocks on 1 pages compile/)
    assert.equal(status, 0)
  })

  it('sees a name that the package does not export', () => {
    const { stderr, status } = check(PAGE.replace('double }', 'triple }'))
    assert.match(stderr, /docs\/guides\/page\.md:4:10: error TS2305/)
    assert.equal(status, 1)
  })
})
