/**
 * The command line, as a process. It never calls `process.exit`, which during a run of a model would abort the process: it
 * waits until nothing is left to do.
 */
import { run } from './run.ts'

// `splinemesh infer … | head` closes the pipe when it has seen enough: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error
  }
})
await run(process.argv.slice(2))
