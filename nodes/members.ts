import { peerIdFromString } from '@libp2p/peer-id'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { InvalidMembersError } from './errors.ts'
import type { Members } from './private-fleet.ts'

const schema = {
  type: 'object',
  additionalProperties: { type: 'array', items: { enum: ['master', 'worker'] }, uniqueItems: true }
}

/**
 * Reads a list of members: YAML, a line for each peer id with its roles.
 *
 * @example `12D3KooWJ8mwXgKsK7YyLHX2VcaHKK3eMmGXmLj3oKxN2tBYRWfr: [master, worker]`
 *
 * @throws {InvalidMembersError} it is not YAML, a peer id is none, or a role is neither master nor worker
 */
export function parseMembers(text: string): Members {
  const isDeclared = new Ajv().compile<Members>(schema)
  let declared: unknown
  try {
    declared = parse(text)
  } catch (cause) {
    throw new InvalidMembersError(`the list of members is no YAML: ${String(cause)}`, { cause })
  }
  if (!isDeclared(declared)) {
    const where = isDeclared.errors?.[0].instancePath.slice(1)
    throw new InvalidMembersError(
      `the list of members is wrong at ${where ? `'${where}'` : 'its top'}: give each peer id its roles, as in '12D3Koo…: [master, worker]'`
    )
  }
  for (const id of Object.keys(declared)) checkPeerId(id)
  return declared
}

function checkPeerId(id: string): void {
  try {
    peerIdFromString(id)
  } catch (cause) {
    throw new InvalidMembersError(
      `'${id}' on the list of members is no peer id: copy it from what splinemesh serve or splinemesh key peer prints`,
      { cause }
    )
  }
}
