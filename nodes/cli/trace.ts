import { styleText } from 'node:util'
import type { GroupReport, StopReason, TaskReport } from '../../src/inference/index.ts'
import { bytes, millis, plural, shortPeer } from './quantities.ts'
import { table } from './table.ts'

const COLUMNS = [
  { title: '#', align: 'right' as const },
  { title: 'is' },
  { title: 'worker' },
  { title: 'bytes', align: 'right' as const },
  { title: 'sent', align: 'right' as const },
  { title: 'taken', align: 'right' as const },
  { title: 'ended', align: 'right' as const },
  { title: 'queue', align: 'right' as const },
  { title: 'run', align: 'right' as const },
  { title: 'net', align: 'right' as const },
  { title: 'came' }
]

/** The group that took longest: who got what, when each stage ended, and who was waited for. */
export function traceText(groups: readonly GroupReport[]): string {
  const slowest = groups.toSorted((a, b) => tookMs(b) - tookMs(a))[0]
  if (slowest === undefined) {
    return 'no group was formed'
  }
  const which = groups.length === 1 ? '' : `, the slowest: ${groups.indexOf(slowest) + 1} of ${groups.length}`
  const { tasks, k, n, code } = slowest
  const title = `one group of ${plural(k, 'query', 'queries')} coded into ${n} by ${code}${which}`
  return [
    styleText('bold', title) + styleText('dim', ' (times in ms; sent, taken and ended since its start)'),
    table(
      COLUMNS,
      tasks.map(task => row(task, slowest.startedAt))
    ),
    '',
    ...waitedText(slowest),
    stopText(slowest)
  ].join('\n')
}

function row(task: TaskReport, start: number): string[] {
  const { timings } = task
  return [
    String(task.index),
    task.role,
    shortPeer(task.worker),
    bytes(task.bytes),
    since(task.submittedAt, start),
    since(task.acceptedAt, start),
    since(task.endedAt, start),
    since(timings?.queue),
    since(timings?.run),
    since(timings?.network),
    cameText(task)
  ]
}

function cameText({ status, error }: TaskReport): string {
  switch (status) {
    case 'result':
      return styleText('green', 'in time')
    case 'cancelled':
      return styleText('yellow', 'straggler')
    case 'wrong':
      return styleText('red', 'wrong, left out')
    case 'failed':
      return styleText('red', `failed (${error?.name})`)
    default:
      return status
  }
}

function waitedText({ tasks, startedAt }: GroupReport): string[] {
  const results = tasks.filter(({ status }) => status === 'result')
  const last = results.toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))[0]
  const stragglers = tasks.filter(({ status }) => status === 'cancelled').length
  return [
    last === undefined
      ? 'no result arrived'
      : `waited last for coded query ${last.index} at ${shortPeer(last.worker)}, until ${since(last.endedAt, startedAt)} ms`,
    ...(stragglers === 0 ? [] : [`${plural(stragglers, 'straggler')}: cancelled, since nobody had to wait any more`])
  ]
}

const WHY: Record<StopReason, string> = {
  exact: 'every query has a result of its own',
  enough: 'every query can be decoded, and few enough workers still owed a result',
  quality: 'every prediction is exact or as good as was asked',
  exhausted: 'every task ended',
  deadline: 'the deadline came',
  aborted: 'the caller left'
}

function stopText(group: GroupReport): string {
  const { stop, survivors, n } = group
  const why = stop === undefined ? 'still waiting' : `${WHY[stop]} (${stop})`
  return `stopped after ${millis(tookMs(group))}, ${survivors.length} of ${n} results in: ${why}`
}

function tookMs({ startedAt, endedAt = startedAt }: GroupReport): number {
  return endedAt - startedAt
}

function since(moment: number | undefined, start = 0): string {
  return moment === undefined ? '' : (moment - start).toFixed(1)
}
