import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Ajv } from 'ajv'
import type { FleetSnapshot } from '../src/fleet/index.ts'

const times = {
  type: 'array',
  items: { type: 'array', items: { type: 'number', minimum: 0 }, minItems: 2, maxItems: 2 }
}
const schema = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['answered', 'unanswered'],
      properties: { answered: times, unanswered: times }
    }
  }
}

const isRemembered = new Ajv().compile<FleetSnapshot>(schema)

/** Where a peer that keeps its key in `folder` remembers how fast workers answered. */
function fileIn(folder: string): string {
  return path.join(folder, 'fleet.json')
}

/** What an earlier process measured of its workers; nothing where there is no such file, or it is damaged. */
export async function readMemory(folder: string): Promise<FleetSnapshot> {
  try {
    const remembered: unknown = JSON.parse(await readFile(fileIn(folder), 'utf8'))
    return isRemembered(remembered) ? remembered : {}
  } catch {
    // what is forgotten is measured again
    return {}
  }
}

/** Whole or not at all: a process may end while it writes. */
export async function writeMemory(folder: string, snapshot: FleetSnapshot): Promise<void> {
  const file = fileIn(folder)
  const unfinished = `${file}.${process.pid}`
  await writeFile(unfinished, JSON.stringify(snapshot))
  await rename(unfinished, file)
}
