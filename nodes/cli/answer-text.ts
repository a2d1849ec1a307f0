import { styleText } from 'node:util'
import type { ExpectedQuality, GroupReport, Outcome, Source } from '../../src/inference/index.ts'
import type { ReadableAnswer, Summary } from './answer.ts'
import { numbersOf, type RankedClass } from './predictions.ts'
import { bytes, millis, plural, shorten } from './quantities.ts'
import { table } from './table.ts'

const QUERY_WIDTH = 36
const LABEL_WIDTH = 28
/** Values shown of a prediction that is no classifier's. */
const FIRST_VALUES = 4

/** The answer for people: a row for each query, then what failed, then totals. */
export function answerText(answer: ReadableAnswer): string {
  const { outcomes, groups, summary, output } = answer
  const classified = outcomes.some(({ top }) => top !== undefined)
  const runnersUp = outcomes.some(({ top }) => top !== undefined && top.length > 1)
  const score = output === 'logits' ? 'probability' : `score (${output})`
  const columns = classified
    ? [{ title: 'query' }, { title: 'class' }, { title: score, align: 'right' as const }, { title: 'prediction is' }]
    : [{ title: 'query' }, { title: output }, { title: 'prediction is' }]
  const rows = outcomes.map(({ query, outcome, top }) => [
    shorten(query, QUERY_WIDTH),
    ...(classified ? classCells(top) : [valuesText(outcome)]),
    statusText(outcome),
    ...(runnersUp ? [(top ?? []).slice(1).map(runnerUp).join('  ')] : [])
  ])
  const shown = table(runnersUp ? [...columns, { title: 'then' }] : columns, rows)
  const probability = classified && output === 'logits' ? styleText('dim', 'probability: softmax of the logits') : ''
  return [shown, '', ...failuresText(outcomes), summaryText(summary, groups), probability].filter(keepLine).join('\n')
}

// The empty line after the table stays, the one of an absent remark goes.
function keepLine(line: string, i: number): boolean {
  return line !== '' || i === 1
}

function classCells(top: RankedClass[] | undefined): string[] {
  const [best] = top ?? []
  return best === undefined ? ['–', ''] : [className(best), scoreText(best.score)]
}

function className({ class: index, label }: RankedClass): string {
  return label === undefined ? String(index) : `${shorten(label, LABEL_WIDTH)} (${index})`
}

function runnerUp(ranked: RankedClass): string {
  return `${className(ranked)} ${scoreText(ranked.score)}`
}

function scoreText(score: number): string {
  return score.toFixed(3)
}

/** What a prediction was made of. */
const MADE_BY: Readonly<Record<Source, string>> = {
  exact: 'exact',
  decoded: 'reconstructed',
  description: 'by a description',
  student: "the student's",
  exit: 'by an exit'
}

function valuesText(outcome: Outcome): string {
  if (outcome.status === 'failed' || outcome.status === 'pending') {
    return '–'
  }
  const values = numbersOf(outcome.output)
  const shown = values.slice(0, FIRST_VALUES).map(value => Number(value.toPrecision(5)))
  return `[${outcome.output.shape.join(', ')}]  ${shown.join(' ')}${values.length > FIRST_VALUES ? ' …' : ''}`
}

function statusText(outcome: Outcome): string {
  switch (outcome.status) {
    case 'exact':
      return styleText('green', 'exact')
    case 'reconstructed':
      return styleText('cyan', MADE_BY[outcome.source]) + agreementText(outcome.expected) + qualityText(outcome)
    case 'failed':
      return styleText('red', `failed (${outcome.error.name})`)
    default:
      return outcome.status
  }
}

/** How often such a prediction names the class that the model would. */
function agreementText(expected: ExpectedQuality | undefined): string {
  const { agreement } = expected ?? {}
  return agreement === undefined ? '' : `, agreement ${agreement.toFixed(3)}`
}

function qualityText({ belowQuality }: { belowQuality?: true }): string {
  return belowQuality ? styleText('yellow', ', less than asked') : ''
}

/** Why queries failed, each reason once. */
function failuresText(outcomes: ReadableAnswer['outcomes']): string[] {
  const first = new Map<string, { message: string; count: number }>()
  for (const { outcome } of outcomes) {
    if (outcome.status === 'failed') {
      const { name, message } = outcome.error
      const seen = first.get(name) ?? { message, count: 0 }
      first.set(name, { ...seen, count: seen.count + 1 })
    }
  }
  return [...first].map(([name, { message, count }]) =>
    styleText('red', `${name}${count > 1 ? ` (${count} times; the first:)` : ':'} ${message}`)
  )
}

function summaryText(summary: Summary, groups: readonly GroupReport[]): string {
  const { queries, answered, exact, groups: count, p50Ms, maxMs } = summary
  const answers = `answered ${answered}/${queries}, ${exact} exact`
  const [group] = groups
  if (group === undefined) {
    return answers
  }
  const coded = `${plural(count, 'group')} of ${group.k} coded into ${group.n} by ${group.code}`
  const time = count === 1 ? `${millis(maxMs)}` : `p50 ${millis(p50Ms)}, max ${millis(maxMs)} a group`
  return `${styleText('bold', answers)} · ${coded} · ${time} · ${bytes(summary.bytes)} sent`
}
