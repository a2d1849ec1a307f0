/** What a worker process is started with: its only argument, as JSON. */
export interface WorkerInit {
  /** Counts the worker processes of a run. */
  number: number
  seed: number
  /** The whole address of the master. */
  bootstrap: string
}

/** From the master's process to a worker's: how fast to be from now on. */
export interface SpeedOrder {
  type: 'speed'
  slow: boolean
}

/** From a worker's process: it serves, under this peer id; or an order was carried out. */
export type WorkerWord = { type: 'ready'; worker: string } | { type: 'done' }

// What comes over IPC has no type. Both ends are files of this folder, so the type field alone tells.
export function isSpeedOrder(message: unknown): message is SpeedOrder {
  return typeOf(message) === 'speed'
}

export function isWorkerWord(message: unknown): message is WorkerWord {
  return ['ready', 'done'].includes(typeOf(message))
}

function typeOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'type' in message ? String(message.type) : 'none'
}
