import { InterruptedError } from './errors.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs `work` with an AbortSignal that the first SIGINT or SIGTERM aborts, with an {@link InterruptedError}. A second one
 * ends the process the usual way, in case the clean way takes too long.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const interrupt = (signal: (typeof SIGNALS)[number]): void => {
    forget()
    controller.abort(new InterruptedError(signal))
  }
  const forget = (): void => {
    for (const signal of SIGNALS) {
      process.off(signal, interrupt)
    }
  }
  for (const signal of SIGNALS) {
    process.on(signal, interrupt)
  }
  try {
    return await work(controller.signal)
  } finally {
    forget()
  }
}
