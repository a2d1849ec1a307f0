/** A task failed at a virtual worker. */
export class VirtualFaultError extends Error {
  override readonly name = 'VirtualFaultError'
  readonly code = 'ERR_VIRTUAL_FAULT'
}

/** How a task ends that nobody waits for: one for all, since making an error takes longer than all else that happens to a task. */
export const CANCELLED = new VirtualFaultError('cancelled')
