import { SingleBar } from 'cli-progress'
import { type Answer, last } from '../calls.ts'

/**
 * Shows on stderr how many queries have their outcome, and passes the last answer on. The bar goes away when it is done.
 */
export async function withProgress(answers: AsyncIterable<Answer>, queries: number): Promise<Answer> {
  const bar = barOf('queries')
  bar.start(queries, 0)
  try {
    return await last(counted(answers, count => bar.update(count)))
  } finally {
    bar.stop()
  }
}

/** Shows on stderr how many steps of a long piece of work are done. The bar goes away when it is. */
export async function withSteps<T>(
  work: (progress: (done: number, total: number) => void) => Promise<T>,
  counted = 'steps'
): Promise<T> {
  const bar = barOf(counted)
  bar.start(1, 0)
  try {
    return await work((done, total) => {
      bar.setTotal(total)
      bar.update(done)
    })
  } finally {
    bar.stop()
  }
}

function barOf(counted: string): SingleBar {
  return new SingleBar({
    stream: process.stderr,
    format: `{bar} {value}/{total} ${counted}`,
    clearOnComplete: true,
    hideCursor: true
  })
}

/** Passes answers on, and tells how many outcomes of each are terminal: those of groups that have stopped. */
async function* counted(answers: AsyncIterable<Answer>, tell: (count: number) => void): AsyncGenerator<Answer> {
  for await (const answer of answers) {
    const stopped = new Set(answer.groups.flatMap(({ group, stop }) => (stop === undefined ? [] : [group])))
    tell(answer.outcomes.filter(({ group }) => group !== undefined && stopped.has(group)).length)
    yield answer
  }
}
