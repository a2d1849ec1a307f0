import type { ConnectionGater, ConnectionProtector, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { InvalidOptionError } from './errors.ts'

/** So many of those who were refused are remembered; of one who was forgotten it is said again. */
const MOST_REMEMBERED = 1000

/** A master asks, a worker serves. */
export type Role = 'master' | 'worker'

/** Who belongs to a fleet, by peer id, and as what. A member without a role is connected to, such as a relay, and no more. */
export type Members = Readonly<Record<string, readonly Role[]>>

/** Does this peer belong to the fleet, and in that role? */
export function isMember(members: Members, peer: string, role?: Role): boolean {
  return Object.hasOwn(members, peer) && (role === undefined || members[peer].includes(role))
}

/** Keeps others out. */
export interface PrivateFleet {
  /**
   * The network key, as `splinemesh key network` writes it (IPFS calls it `swarm.key`). Who has another one, or none, gets no
   * further than the first bytes of a connection.
   */
  key?: Uint8Array
  /** Who may connect, who may ask and who may serve. @default everybody, everything */
  members?: Members
  /** Told once of each who was refused: a peer id, or the address of one that has not got so far. @default the log */
  refused?(refusal: Refusal): void
}

export interface Refusal {
  who: string
  why: string
}

/** The door of a private fleet: judges each connection, and what each member may do. */
export class Door {
  readonly gater: ConnectionGater
  readonly #members: Members | undefined
  readonly #tell: (refusal: Refusal) => void
  readonly #told = new Set<string>()
  /** Connections that have not shown yet that they have the key. */
  readonly #unproven = new WeakSet<MultiaddrConnection>()

  constructor({ key, members }: PrivateFleet, tell: (refusal: Refusal) => void) {
    this.#members = members
    this.#tell = tell
    this.gater = {
      denyDialPeer: peer => !this.#admits(peer),
      denyInboundEncryptedConnection: (peer, connection) => !this.#admits(peer, connection),
      denyOutboundEncryptedConnection: (peer, connection) => !this.#admits(peer, connection),
      ...(key && {
        denyInboundConnection: connection => this.#watch(connection),
        denyOutboundConnection: (_, connection) => this.#watch(connection)
      })
    }
  }

  /** May this peer ask, or serve? */
  may(peer: PeerId, role: Role): boolean {
    const allowed = this.#members === undefined || isMember(this.#members, peer.toString(), role)
    if (!allowed && this.#admits(peer)) {
      this.#refuse(`${peer} as ${role}`, `the list of members does not make it a ${role}`)
    }
    return allowed
  }

  #admits(peer: PeerId, connection?: MultiaddrConnection): boolean {
    if (connection !== undefined) this.#unproven.delete(connection)
    const admitted = this.#members === undefined || isMember(this.#members, peer.toString())
    if (!admitted) this.#refuse(peer.toString(), 'it is not on the list of members')
    return admitted
  }

  /** A wrong key shows only in that the handshake after it makes no sense, and nobody is told of that. */
  #watch(connection: MultiaddrConnection): boolean {
    this.#unproven.add(connection)
    connection.addEventListener('close', () => {
      if (this.#unproven.has(connection)) {
        const [{ value = String(connection.remoteAddr) }] = connection.remoteAddr.getComponents()
        this.#refuse(value, 'the handshake failed: it has another network key, or none')
      }
    })
    return false
  }

  #refuse(who: string, why: string): void {
    if (this.#told.has(who)) return
    this.#told.add(who)
    if (this.#told.size > MOST_REMEMBERED) {
      const [oldest] = this.#told
      this.#told.delete(oldest)
    }
    this.#tell({ who, why })
  }
}

/** @throws {InvalidOptionError} the key is none */
export async function protectorOf(psk: Uint8Array): Promise<() => ConnectionProtector> {
  const { preSharedKey } = await import('@libp2p/pnet')
  try {
    const protector = preSharedKey({ psk })()
    return () => protector
  } catch (cause) {
    throw new InvalidOptionError(
      'the network key is none: give the bytes of a file that splinemesh key network wrote (/key/swarm/psk/1.0.0/)',
      { cause }
    )
  }
}
