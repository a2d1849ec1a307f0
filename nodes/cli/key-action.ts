import { writeFile } from 'node:fs/promises'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { generateKey } from '@libp2p/pnet'
import { privateKeyOf } from '../identity.ts'
import { OutputFileError } from './errors.ts'

/** Of a network key as text: two lines that say what it is, and 32 bytes in hexadecimal. */
const KEY_BYTES = 95

/** Never over a file: a fleet whose key is lost has to be given another one, peer by peer. */
export async function makeNetworkKey(file: string): Promise<void> {
  const key = new Uint8Array(KEY_BYTES)
  generateKey(key)
  try {
    await writeFile(file, key, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    throw new OutputFileError(`cannot write a new key to ${file}: ${cause instanceof Error ? cause.message : cause}`, {
      cause
    })
  }
  console.log(`wrote ${file}: give it to every peer of the fleet, as --network-key, and to nobody else`)
}

export async function tellPeerId(folder: string): Promise<void> {
  console.log(String(peerIdFromPrivateKey(await privateKeyOf(folder))))
}
