import { styleText } from 'node:util'
import Table from 'cli-table3'

export interface Column {
  title: string
  align?: 'left' | 'right'
}

const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap(side => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map(name => [name, ''])
)

/** A table without lines: two spaces between columns, as narrow as its cells. */
export function table(columns: readonly Column[], rows: ReadonlyArray<readonly string[]>): string {
  const made = new Table({
    head: columns.map(({ title }) => styleText('dim', title)),
    colAligns: columns.map(({ align = 'left' }) => align),
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }
  })
  made.push(...rows.map(row => [...row]))
  const lines = made.toString().split('\n')
  return lines.map(line => line.trimEnd()).join('\n')
}
