/**
 * The import rule of the house: imports run only downward, and a folder is entered through its `index.ts`. Run in the
 * repository's root; prints each import that breaks the rule and exits 1 if there is one.
 *
 * Biome says which packages a folder may import (`biome.json`); which folder a relative import leads to takes the path
 * of both ends, so it is judged here, on the parser's tree, type imports included.
 */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from '@babel/parser'
import { traverseFast } from '@babel/types'

/** The folders of `src`, and which others each may import. */
const SRC: Record<string, string[]> = {
  chance: [],
  tensor: [],
  codes: ['tensor'],
  fleet: [],
  models: ['tensor'],
  runtime: ['tensor', 'models'],
  advisor: ['codes'],
  inference: ['tensor', 'codes', 'fleet', 'models', 'advisor'],
  profiles: ['codes'],
  students: ['codes', 'models'],
  companions: ['codes', 'profiles', 'tensor'],
  simulation: ['chance', 'tensor', 'codes', 'fleet', 'models', 'inference']
}

/** The wings, each of which may import those after it. */
const WINGS = ['scripts', 'nodes', 'protocols', 'src']

/** A part of a wing that most who enter it do not want to load. */
const SIDE_DOOR = 'nodes/chaos/index.ts'

interface Place {
  wing: string
  /** What may be imported file by file from inside only: a folder of `src` or `protocols`, or the wing itself. */
  room: string
}

function placeOf(file: string): Place | undefined {
  const [wing = '', folder = '', rest] = file.split('/')
  if (wing === 'nodes' || wing === 'scripts') {
    return { wing, room: wing }
  }
  const known = wing === 'src' ? Object.hasOwn(SRC, folder) : wing === 'protocols'
  return known && rest !== undefined ? { wing, room: `${wing}/${folder}` } : undefined
}

/** Why `file` must not import `target` (both relative to the root, with `/`), or undefined if it may. */
export function objection(file: string, target: string): string | undefined {
  const from = placeOf(file)
  const to = placeOf(target)
  if (from === undefined) {
    return `${file} is in no folder of the house: name its folder in scripts/checks/house.ts`
  }
  if (to === undefined) {
    return `${target} is in no folder of the house`
  }
  if (from.room === to.room) {
    return undefined
  }
  if (from.wing === to.wing ? !mayNeighbour(from, to) : WINGS.indexOf(from.wing) > WINGS.indexOf(to.wing)) {
    return `${from.room} must not import ${to.room}`
  }
  return target === `${to.room}/index.ts` || target === SIDE_DOOR ? undefined : `enter ${to.room} through its index.ts`
}

/** Protocol folders never import each other; those of `src` as {@link SRC} says. */
function mayNeighbour(from: Place, to: Place): boolean {
  return from.wing === 'src' && (SRC[path.basename(from.room)] ?? []).includes(path.basename(to.room))
}

interface Import {
  /** Undefined where it is computed. */
  specifier: string | undefined
  line: number | undefined
  inlineType: boolean
}

function importsOf(source: string): Import[] {
  const found: Import[] = []
  traverseFast(parse(source, { sourceType: 'module', plugins: ['typescript'] }).program, node => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
      case 'ImportExpression':
      case 'TSImportType':
        if (node.source) {
          const specifier = node.source.type === 'StringLiteral' ? node.source.value : undefined
          found.push({ specifier, line: node.loc?.start.line, inlineType: node.type === 'TSImportType' })
        }
    }
  })
  return found
}

/** Every import of `file` that breaks the rule, as `file:line: why`. */
export function violations(file: string, source: string): string[] {
  const said: string[] = []
  for (const { specifier, line, inlineType } of importsOf(source)) {
    let why: string | undefined
    if (inlineType) {
      why = 'write `import type … from` at the top, where the lint sees it'
    } else if (specifier === undefined) {
      why = file.startsWith('src/') ? 'src imports only what a reader can see: write the specifier out' : undefined
    } else if (specifier.startsWith('.')) {
      why = objection(file, path.posix.join(path.posix.dirname(file), specifier))
    }
    if (why !== undefined) {
      said.push(`${file}:${line}: ${specifier ?? 'import(…)'}: ${why}`)
    }
  }
  return said
}

if (import.meta.main) {
  const files = globSync(`{${WINGS.join(',')}}/**/*.{ts,mjs}`).map(file => file.replaceAll(path.sep, '/'))
  const broken = files.sort().flatMap(file => violations(file, readFileSync(file, 'utf8')))
  for (const line of broken) {
    console.error(line)
  }
  console.log(`import rule: ${files.length} files, ${broken.length} imports break it`)
  process.exitCode = broken.length === 0 ? 0 : 1
}
