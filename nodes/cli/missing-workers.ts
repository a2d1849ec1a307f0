import { styleText } from 'node:util'
import type { Search } from './find-workers.ts'
import { plural } from './quantities.ts'

/** The addresses where no worker was found and why, a line each, to follow a sentence; nothing if there are none. */
export function missingText({ missing }: Search): string {
  return missing.map(({ address, why }) => `\n  ${address}: ${why}`).join('')
}

/** Tells of addresses where no worker was found while others were: the command goes on without them. */
export function warnMissing(search: Search): void {
  if (search.missing.length > 0) {
    const warning = `no worker at ${plural(search.missing.length, 'address', 'addresses')}:${missingText(search)}`
    console.error(styleText('yellow', warning, { stream: process.stderr }))
  }
}
