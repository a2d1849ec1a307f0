import { stripVTControlCharacters, styleText } from 'node:util'
import { createLogUpdate } from 'log-update'
import type { GroupRecord } from './run-plan.ts'
import type { WorkerProcess } from './worker-process.ts'

const BAR = 20
/** Between two paintings of a terminal, in ms. */
const FRAME_MS = 80

type Seats = ReadonlyArray<WorkerProcess | undefined>

/** What a person sees while the demo runs. Everything goes to stderr: stdout is for results. */
export interface View {
  note(text: string): void
  /** A plan begins. */
  plan(name: string, groups: number): void
  /** The groups of the plan so far. */
  group(records: readonly GroupRecord[]): void
  /** The workers by seat. */
  fleet(seats: Seats): void
  done(): void
}

interface Progress {
  name: string
  total: number
  groups: number
  queries: number
  answered: number
  lastMs: number
}

export function createView(stream: NodeJS.WriteStream): View {
  return stream.isTTY ? liveView(stream) : lineView(stream)
}

/** A terminal: plans, workers and the newest events, painted over and over. */
function liveView(stream: NodeJS.WriteStream): View {
  const paint = createLogUpdate(stream)
  const plans: Progress[] = []
  const notes: string[] = []
  let seats: Seats = []
  let paintedAt = 0

  const frame = (): string => [...plans.map(planLine), '', fleetLine(seats), ...notes].join('\n')
  const repaint = (now = performance.now()): void => {
    paintedAt = now
    paint(frame())
  }
  const repaintSometimes = (): void => {
    if (performance.now() - paintedAt >= FRAME_MS) {
      repaint()
    }
  }
  return {
    note(text) {
      notes.push(styleText('dim', text))
      notes.splice(0, notes.length - 3)
      repaint()
    },
    plan(name, total) {
      plans.push(begun(name, total))
      repaint()
    },
    group(records) {
      Object.assign(plans[plans.length - 1], summary(records))
      repaintSometimes()
    },
    fleet(now) {
      seats = now
      repaintSometimes()
    },
    done() {
      repaint()
      paint.done()
    }
  }
}

/** A file or a pipe: a line now and then. */
function lineView(stream: NodeJS.WriteStream): View {
  let current = begun('', 0)
  const line = (text: string): void => {
    stream.write(`${stripVTControlCharacters(text)}\n`)
  }
  return {
    note: line,
    plan(name, total) {
      current = begun(name, total)
    },
    group(records) {
      Object.assign(current, summary(records))
      if (current.groups % Math.ceil(current.total / 4) === 0 || current.groups === current.total) {
        line(planLine(current))
      }
    },
    fleet() {},
    done() {}
  }
}

function begun(name: string, total: number): Progress {
  return { name, total, groups: 0, queries: 0, answered: 0, lastMs: 0 }
}

function summary(records: readonly GroupRecord[]): Partial<Progress> {
  const outcomes = records.flatMap(record => record.outcomes)
  const { startedAt, endedAt = startedAt } = records[records.length - 1].report
  return {
    groups: records.length,
    queries: outcomes.length,
    answered: outcomes.filter(({ status }) => status === 'exact' || status === 'reconstructed').length,
    lastMs: endedAt - startedAt
  }
}

function planLine({ name, total, groups, queries, answered, lastMs }: Progress): string {
  const filled = Math.round((BAR * groups) / total)
  const bar = styleText('green', '█'.repeat(filled)) + styleText('dim', '░'.repeat(BAR - filled))
  const share = queries === 0 ? '' : `${((100 * answered) / queries).toFixed(1)}%`.padStart(6)
  const last = queries === 0 ? '' : `last group ${lastMs.toFixed(0).padStart(3)} ms`
  return `${name.padEnd(12)} ${bar} ${String(groups).padStart(3)}/${total} groups  answered ${share}  ${last}`
}

function fleetLine(seats: Seats): string {
  const states = seats.map(worker => {
    if (worker === undefined) {
      return styleText('dim', ' – ○')
    }
    const { number, slow, killed } = worker
    const label = String(number).padStart(2)
    if (killed) {
      return styleText('red', `${label} ✗`)
    }
    return slow ? styleText('yellow', `${label} ◐`) : styleText('green', `${label} ●`)
  })
  return `workers  ${states.join(' ')}\n${styleText('dim', '         ● fast  ◐ slow  ✗ killed  ○ starts')}`
}
