import { readFile } from 'node:fs/promises'
import { styleText } from 'node:util'
import { InvalidMembersError } from '../errors.ts'
import type { PeerInit } from '../peer.ts'
import type { Members, PrivateFleet, Refusal } from '../private-fleet.ts'
import { InputFileError } from './errors.ts'
import type { FleetOptions } from './fleet-options.ts'
import type { PeerOptions } from './options.ts'
import { readText } from './profiles.ts'

/** The peer of a command that asks workers: it listens nowhere. */
export async function askerOf(options: PeerOptions): Promise<PeerInit> {
  const { peer, mdns, dht, presence } = options
  return { listen: [], bootstrap: peer, mdns, dht: dht && 'client', presence, ...(await fleetOf(options)) }
}

/**
 * @throws {InputFileError} a file cannot be read
 * @throws {InvalidMembersError} the list of members is none; the message names the file
 */
export async function fleetOf(
  { identity, networkKey, members }: FleetOptions,
  refused: PrivateFleet['refused'] = warnRefused
): Promise<Pick<PeerInit, 'identity' | 'privateFleet'>> {
  if (networkKey === undefined && members === undefined) {
    return { identity }
  }
  const [key, list] = await Promise.all([
    networkKey === undefined ? undefined : readKey(networkKey),
    members === undefined ? undefined : readMembers(members)
  ])
  return { identity, privateFleet: { key, members: list, refused } }
}

function warnRefused({ who, why }: Refusal): void {
  console.error(styleText('yellow', `refused ${who}: ${why}`, { stream: process.stderr }))
}

async function readKey(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new InputFileError(`cannot read the network key ${file}: ${String(cause)}`, { cause })
  }
}

async function readMembers(file: string): Promise<Members> {
  const [text, { parseMembers }] = await Promise.all([readText(file, 'list of members'), import('../members.ts')])
  try {
    return parseMembers(text)
  } catch (cause) {
    throw cause instanceof InvalidMembersError ? new InvalidMembersError(`${file}: ${cause.message}`, { cause }) : cause
  }
}
