import type { OnnxModel } from '../../src/runtime/index.ts'
import type { Device, Fault, Source } from '../../src/simulation/index.ts'

/** What the process of a machine is started with: its only argument, as JSON. */
export interface MachineProcessInit {
  device: Device
  /** Run times are those of the device times this. */
  cost: number
  chance: Source
  models: readonly OnnxModel[]
  /** After which share of a run of the deployed model its exits speak, by their outputs. */
  exits: ReadonlyArray<readonly [output: string, share: number]>
  /** Folder of its private key, so that it is the same peer when it is started again. */
  identity: string
  /** Where its link listens; 0 lets the system choose. */
  port: number
}

/** To the process of a machine. */
export type MachineOrder =
  | { type: 'suffer'; id: number; fault: Fault; source: Source }
  | { type: 'recover'; id: number }
  | { type: 'cut'; cut: boolean }
  | { type: 'reset' }

/** From the process of a machine: it serves, at this address; or another run has ended, after so many ms. */
export type MachineWord = { type: 'ready'; address: string; port: number } | { type: 'ran'; ms: number }

// What comes over IPC has no type. Both ends are files of this folder, so the type field alone tells.
export function isMachineOrder(message: unknown): message is MachineOrder {
  return ['suffer', 'recover', 'cut', 'reset'].includes(typeOf(message))
}

export function isMachineWord(message: unknown): message is MachineWord {
  return ['ready', 'ran'].includes(typeOf(message))
}

function typeOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'type' in message ? String(message.type) : 'none'
}
