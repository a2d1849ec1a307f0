import { SingleBar } from 'cli-progress'
import { type Answer, last } from '../calls.ts'

/**
 * Shows on stderr how many queries have their outcome, and passes the last answer on. The bar goes away when it is done.
 */
export async function withProgress(answers: AsyncIterable<Answer>, queries: number): Promise<Answer> {
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total} queries',
    clearOnComplete: true,
    hideCursor: true
  })
  bar.start(queries, 0)
  try {
    return await last(counted(answers, count => bar.update(count)))
  } finally {
    bar.stop()
  }
}

/** Passes answers on, and tells how many outcomes of each are terminal: those of groups that have stopped. */
async function* counted(answers: AsyncIterable<Answer>, tell: (count: number) => void): AsyncGenerator<Answer> {
  for await (const answer of answers) {
    const stopped = new Set(answer.groups.flatMap(({ group, stop }) => (stop === undefined ? [] : [group])))
    tell(answer.outcomes.filter(({ group }) => group !== undefined && stopped.has(group)).length)
    yield answer
  }
}
