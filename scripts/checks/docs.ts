/**
 * Type-checks the TypeScript blocks of `README.md` and `docs/`, each as a module of its own, against the sources. Run in
 * the repository's root; prints each error with the page and line it stands on and exits 1 if there is one.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const WORKPLACE = path.join('.cache', 'docs')

interface CodeBlock {
  /** The line its first line stands on, from 1. */
  line: number
  code: string
}

/** The blocks of a Markdown page that are fenced as `ts` or `typescript`. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const fenced = /^( *)(```+)(?:ts|typescript)\b.*\n([\s\S]*?)^\1\2 *$/gm
  return [...markdown.matchAll(fenced)].map(({ index, 3: code = '' }) => ({
    line: markdown.slice(0, index).split('\n').length + 1,
    code
  }))
}

/** Writes a block where the compiler finds it, on the same lines as in its page, so that errors need no arithmetic. */
function writeModule(page: string, { line, code }: CodeBlock): void {
  const file = path.join(WORKPLACE, `${page}.line-${line}.ts`)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${'\n'.repeat(line - 1)}${code}\nexport {}\n`)
}

function compile(): { output: string; passed: boolean } {
  const config = { extends: '../../tsconfig.json', compilerOptions: { noUnusedLocals: false }, include: ['**/*.ts'] }
  writeFileSync(path.join(WORKPLACE, 'tsconfig.json'), JSON.stringify(config))
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  const args = [tsc, '--project', WORKPLACE, '--pretty', 'false']
  const { stdout, status, error } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (error !== undefined) {
    throw error
  }
  return { output: stdout, passed: status === 0 }
}

/** An error of the compiler as the reader of the page wants it: `docs/page.md:12:3: error …`. */
function onPage(output: string): string {
  return output.replaceAll(/^(?:.*[\\/])?\.cache[\\/]docs[\\/](.+?)\.line-\d+\.ts\((\d+),(\d+)\)/gm, '$1:$2:$3')
}

if (import.meta.main) {
  rmSync(WORKPLACE, { recursive: true, force: true })
  mkdirSync(WORKPLACE, { recursive: true })
  const pages = globSync('{README.md,docs/**/*.md}').sort()
  let count = 0
  for (const page of pages) {
    for (const block of codeBlocks(readFileSync(page, 'utf8'))) {
      writeModule(page, block)
      count++
    }
  }
  const { output, passed } = count === 0 ? { output: '', passed: true } : compile()
  process.stderr.write(onPage(output))
  console.log(`docs: ${count} code blocks on ${pages.length} pages ${passed ? 'compile' : 'do not all compile'}`)
  process.exitCode = passed ? 0 : 1
}
