import { codeFamily, encode } from '../../src/codes/index.ts'
import type { Outcome, TaskReport } from '../../src/inference/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { imageUri } from './digit-image.ts'
import { argmax } from './digits.ts'
import type { DemoPlan, GroupRecord } from './run-plan.ts'
import { element, type Svg, text } from './svg.ts'

const SIDE = 92
const ROW = 146
const TOP = 168
const LEFT = 44
/** Between the columns of coded queries. */
const STEP = 132
const CHART = 250
/** As wide as its longest line of text. */
const LEAST_WIDTH = 1100
const GREEN = '#1a7f4b'
const RED = '#c0392b'
const GREY = '#6b7280'
const INK = '#1f2430'

/** One group from its queries over its coded queries to its predictions, as an SVG that stands by itself. */
export async function picture(plan: DemoPlan, record: GroupRecord): Promise<Svg> {
  const { queries } = record
  const k = queries.length
  const columns = Math.ceil(plan.n / k)
  const codedLeft = LEFT + SIDE + 130
  const chartLeft = codedLeft + columns * STEP + 84
  const [width, height] = [Math.max(LEAST_WIDTH, chartLeft + CHART + LEFT), TOP + k * ROW + 74]
  const words = plan.student === undefined ? CODED : COPIED
  const sentTiles = sent(plan, record).map(({ tensor, task }, place) => {
    const [x, y] = [codedLeft + (place % columns) * STEP, TOP + Math.floor(place / columns) * ROW]
    return codedTile(tensor, task, { x, y, record })
  })
  const body = await Promise.all([
    heading(plan, record),
    columnTitle(LEFT, `${k} queries`, 'what the master was asked'),
    columnTitle(codedLeft, `${plan.n} ${words.sent}`, words.how),
    columnTitle(chartLeft, `${k} predictions`, words.from),
    ...queries.map((query, q) => queryTile(query, record.labels[q], q)),
    ...sentTiles,
    ...record.outcomes.map((outcome, q) => predictionChart(outcome, record, q, chartLeft)),
    arrow(LEFT + SIDE + 40, TOP + (k * ROW) / 2 - 26, words.before),
    arrow(chartLeft - 86, TOP + (k * ROW) / 2 - 26, words.after),
    legend(TOP + k * ROW + 22, words.more)
  ])
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, fill: INK },
    element('rect', { width, height, fill: '#ffffff' }),
    element('g', { 'font-family': 'system-ui, Helvetica, Arial, DejaVu Sans, sans-serif', 'font-size': 13 }, ...body)
  )
}

const CODED = {
  sent: 'coded queries',
  how: 'mixtures of the queries, one for each worker',
  from: 'decoded from the results that arrived',
  before: 'encode',
  after: 'decode',
  more: ' Blue in a coded query: pixels below zero.'
}

const COPIED = {
  sent: 'copies',
  how: 'spare ones of what the student is least sure of',
  from: 'of a worker where one answered, else of the student',
  before: 'copy',
  after: 'choose',
  more: ''
}

/** What was sent to workers, and what became of it. */
function sent(plan: DemoPlan, record: GroupRecord): Array<{ tensor: Tensor; task: TaskReport | undefined }> {
  const { queries, report } = record
  if (plan.student !== undefined) {
    const indices = new Set(report.tasks.filter(({ role }) => role !== 'student').map(({ index }) => index))
    const tasks = Array.from(indices, index => taskOf(record, index))
    return tasks.flatMap(task => (task === undefined ? [] : { tensor: queries[task.queries[0]], task }))
  }
  const coded = encode(codeFamily(plan.code).create({ k: queries.length, n: plan.n }), queries)
  return coded.map((tensor, index) => ({ tensor, task: taskOf(record, index) }))
}

function heading(plan: DemoPlan, { queries, outcomes, report }: GroupRecord): Svg {
  const answered = outcomes.filter(({ status }) => status !== 'failed').length
  const ms = (report.endedAt ?? report.startedAt) - report.startedAt
  const line =
    `${plan.student === undefined ? plan.name : 'Copies and a student'} with K = ${queries.length}, N = ${plan.n}: after ${ms.toFixed(0)} ms the master had ` +
    `${report.survivors.length} of ${plan.n} results, and ${plan.student === undefined ? 'from them' : 'with the student'} ` +
    `${answered} of ${queries.length} predictions. It waited for nobody else.`
  return (
    text(LEFT, 50, 'One group of queries, answered without its slowest workers', {
      'font-size': 24,
      'font-weight': 700
    }) + text(LEFT, 78, line, { 'font-size': 14, fill: GREY })
  )
}

function columnTitle(x: number, title: string, more: string): Svg {
  return (
    text(x, TOP - 44, title, { 'font-size': 17, 'font-weight': 600 }) +
    text(x, TOP - 24, more, { 'font-size': 12, fill: GREY })
  )
}

async function queryTile(query: Tensor, label: number, q: number): Promise<Svg> {
  const y = TOP + q * ROW
  return image(await imageUri(query), LEFT, y) + caption(LEFT, y, `query ${q}`, `a ${label}`, GREY)
}

interface CodedPlace {
  x: number
  y: number
  record: GroupRecord
}

async function codedTile(tensor: Tensor, task: TaskReport | undefined, { x, y, record }: CodedPlace): Promise<Svg> {
  const arrived = task?.status === 'result'
  const who = task === undefined ? 'nobody' : `worker ${record.numbers.get(task.worker) ?? '?'}`
  const color = arrived ? GREEN : RED
  const frame = element('rect', {
    x: x - 2.5,
    y: y - 2.5,
    width: SIDE + 5,
    height: SIDE + 5,
    rx: 4,
    fill: 'none',
    stroke: color,
    'stroke-width': 3,
    ...(arrived ? {} : { 'stroke-dasharray': '7 5' })
  })
  const picture = image(await imageUri(tensor), x, y, arrived ? 1 : 0.35)
  return picture + frame + caption(x, y, who, fate(task, record), color)
}

/** What became of a task, in two words. */
function fate(task: TaskReport | undefined, { slow, report }: GroupRecord): string {
  switch (task?.status) {
    case 'result':
      return `after ${((task.endedAt ?? report.startedAt) - task.submittedAt).toFixed(0)} ms`
    case 'failed':
      return 'failed'
    case 'cancelled':
      return slow.includes(task.worker) ? 'too slow' : 'not waited for'
    default:
      return 'not sent'
  }
}

/** The attempt that counts: the one that gave a result, else the last. */
function taskOf({ report }: GroupRecord, index: number): TaskReport | undefined {
  const attempts = report.tasks.filter(task => task.index === index)
  return attempts.find(({ status }) => status === 'result') ?? attempts.at(-1)
}

/** A bar for each class: filled what was decoded, outlined what the model says when it is run on the query itself. */
function predictionChart(outcome: Outcome, { labels, direct }: GroupRecord, q: number, x: number): Svg {
  const y = TOP + q * ROW
  if (outcome.status !== 'exact' && outcome.status !== 'reconstructed') {
    return text(x, y + SIDE / 2, 'no prediction', { fill: RED, 'font-size': 16, 'font-weight': 600 })
  }
  const [decoded, itself] = [softmax(outcome.output), softmax(direct[q])]
  const predicted = argmax(outcome.output)
  const right = predicted === labels[q]
  const color = right ? GREEN : RED
  const step = CHART / decoded.length
  const bars = decoded.map((share, digit) => {
    const left = x + digit * step + 3
    const bar = (value: number, look: Record<string, string | number>): Svg =>
      element('rect', { x: left, y: y + SIDE - value * 62, width: step - 6, height: value * 62, ...look })
    return (
      bar(share, { fill: digit === predicted ? color : '#b6bcc8' }) +
      bar(itself[digit], { fill: 'none', stroke: INK, 'stroke-width': 1.2 }) +
      text(left + (step - 6) / 2, y + SIDE + 16, String(digit), {
        'text-anchor': 'middle',
        fill: digit === labels[q] ? INK : GREY,
        'font-weight': digit === labels[q] ? 700 : 400
      })
    )
  })
  const verdict = `${predicted}, ${(100 * decoded[predicted]).toFixed(0)}% sure: ${right ? 'right' : `wrong, it is a ${labels[q]}`}`
  return (
    text(x, y + 12, verdict, { 'font-size': 16, 'font-weight': 600, fill: color }) +
    text(x, y + 27, whose(outcome), { 'font-size': 11, fill: GREY }) +
    element('line', { x1: x, x2: x + CHART, y1: y + SIDE, y2: y + SIDE, stroke: GREY }) +
    bars.join('')
  )
}

/** How a prediction came about. */
function whose({ source, ...outcome }: Extract<Outcome, { source: string }>): string {
  if (source === 'exact') {
    return 'the model’s own result, from a worker'
  }
  const agreement = 'expected' in outcome ? outcome.expected?.agreement : undefined
  const sure = agreement === undefined ? '' : `: the model’s class in ${Math.floor(100 * agreement)} of 100 such cases`
  return source === 'student' ? `the student’s${sure}` : `decoded from results on mixtures${sure}`
}

function legend(y: number, more: string): Svg {
  const lines = [
    `Green frame: the result arrived and was used. Red dashes: the group was answered without it.${more}`,
    'Filled bars: the prediction. Outlined bars: what the model says when it is run on the query itself. Bold digit: the true one.'
  ]
  return lines.map((line, i) => text(LEFT, y + 20 * i, line, { 'font-size': 12, fill: GREY })).join('')
}

function image(href: string, x: number, y: number, opacity = 1): Svg {
  return element('image', { href, x, y, width: SIDE, height: SIDE, opacity, style: 'image-rendering: pixelated' })
}

function caption(x: number, y: number, first: string, second: string, fill: string): Svg {
  return (
    text(x, y + SIDE + 18, first, { 'font-weight': 600 }) + text(x, y + SIDE + 34, second, { 'font-size': 12, fill })
  )
}

function arrow(x: number, y: number, label: string): Svg {
  return (
    text(x + 22, y - 10, label, { 'text-anchor': 'middle', fill: GREY }) +
    element('path', { d: `M${x} ${y}h44m-9 -7l9 7l-9 7`, fill: 'none', stroke: GREY, 'stroke-width': 2 })
  )
}

function softmax({ data }: Tensor): number[] {
  const logits = Array.from(data, Number)
  const top = Math.max(...logits)
  const weights = logits.map(logit => Math.exp(logit - top))
  const sum = weights.reduce((a, b) => a + b)
  return weights.map(weight => weight / sum)
}
