import { codeFamily } from '../../src/codes/index.ts'
import type { ScenarioPlan } from '../../src/simulation/index.ts'

/** What a plan does, for those who never saw one. */
export function planText(plan: ScenarioPlan): string {
  const { code, k, n, layout, stragglers, maxWrong, hedge, student, description, parity } = plan
  const { title, source } = codeFamily(code)
  const parts = [`${title} (${source}), ${n} tasks for ${k} queries`]
  if (layout === 'systematic') {
    parts.push(`the first ${k} tasks are the queries themselves`)
  }
  if (hedge !== undefined) {
    parts.push(
      hedge.after === 0
        ? 'every task goes to two machines at once'
        : `a task not answered after ${hedge.after}${typeof hedge.after === 'number' ? ' ms' : ' of its machine'} goes to a second one, at most ${100 * hedge.budget}% of them`
    )
  }
  if (student !== undefined) {
    const learns = student.learns ? ', as soon as it has learned from what machines answer' : ''
    parts.push(`a small model of the master answers too${learns}, and spare machines copy what it is least sure of`)
  }
  if (description !== undefined) {
    parts.push('spare machines may answer several queries in one run of a companion, shrunk, in place of copying one')
  }
  if (parity !== undefined) {
    parts.push(parityText(parity, n - k))
  }
  if (maxWrong !== undefined) {
    parts.push(`up to ${maxWrong} results that contradict the others are left out`)
  }
  if (stragglers !== undefined) {
    parts.push(stragglers === 0 ? 'all are waited for' : `${stragglers} of them need not be answered`)
  }
  return parts.join('; ')
}

function parityText({ service }: NonNullable<ScenarioPlan['parity']>, parities: number): string {
  if (service !== undefined) {
    return 'the model itself is run on an image that a companion of the master makes of them, which makes up for one of them'
  }
  return parities === 1
    ? 'a companion is run on the mean of the queries, which makes up for one of them'
    : `${parities} companions are run, each on a mixture of the queries of its own, which make up for as many of them`
}
