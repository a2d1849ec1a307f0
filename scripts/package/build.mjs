/**
 * Empties `dist/` and emits JavaScript and types into it. npm runs this after `npm ci` too (`prepare`), so that
 * `import 'splinemesh/codes'` works in a checkout. Plain JavaScript, because npm may run it on a Node that is too old
 * for the rest.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'

const tsc = 'node_modules/typescript/bin/tsc'

if (process.env.npm_lifecycle_event === 'prepare' && !existsSync(tsc)) {
  console.log('dist/ is not built: there is no TypeScript here (--omit=dev?). The checkout runs from its sources.')
} else {
  rmSync('dist', { recursive: true, force: true })
  const { status, error } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], { stdio: 'inherit' })
  if (error !== undefined) {
    throw error
  }
  process.exitCode = status ?? 1
}
