import { access, constants, mkdir } from 'node:fs/promises'
import type { PrivateKey } from '@libp2p/interface'
import { InvalidOptionError } from './errors.ts'

/**
 * The private key that a folder keeps; made if there is none.
 *
 * @throws {InvalidOptionError} the folder cannot be read and written
 */
export async function privateKeyOf(folder: string): Promise<PrivateKey> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.R_OK | constants.W_OK)
  } catch (cause) {
    throw new InvalidOptionError(`cannot keep the private key in ${folder}: ${(cause as Error).message}`, { cause })
  }
  // Starting a process is mostly loading modules, and most have no folder for their key.
  const [{ FsDatastore }, { loadOrCreateSelfKey }] = await Promise.all([
    import('datastore-fs'),
    import('@libp2p/config')
  ])
  const datastore = new FsDatastore(folder)
  await datastore.open()
  try {
    return await loadOrCreateSelfKey(datastore)
  } finally {
    await datastore.close()
  }
}
