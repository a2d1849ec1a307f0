import type { Decoded } from './decode.ts'
import { DeadlineError, NotRecoveredError, NoWorkersError } from './errors.ts'
import type { GroupId, Outcome, StopReason } from './events.ts'
import { assertFinite } from './finite.ts'
import type { Placement } from './placement.ts'
import type { Plan, PlanSpec } from './plan.ts'

/** Is a prediction as good as was asked? */
export function isGoodEnough({ source, expected }: Decoded, { quality = 0 }: PlanSpec): boolean {
  return source === 'exact' || (expected?.agreement ?? -Infinity) >= quality
}

/** What the caller of a query gets whose prediction is there. */
export function predicted(prediction: Decoded, spec: PlanSpec, group: GroupId): Outcome {
  const { output, source, expected } = prediction
  try {
    assertFinite(output, 'the decoded prediction')
  } catch (error) {
    return { status: 'failed', error: error as Error, group }
  }
  if (source === 'exact') {
    return { status: 'exact', source, output, group }
  }
  const short = spec.quality !== undefined && !isGoodEnough(prediction, spec)
  return {
    status: 'reconstructed',
    source,
    output,
    group,
    ...(expected && { expected }),
    ...(short && { belowQuality: true })
  }
}

/** Why there is no prediction of a query of a group that stopped when so many results had arrived. */
export function notPredicted(
  query: number,
  { spec, n, complete }: Plan,
  { stop, arrived, placements }: { stop: StopReason; arrived: number; placements: readonly Placement[] }
): Error {
  if (complete && placements.every(({ attempts }) => attempts.length === 0)) {
    return new NoWorkersError(
      `no worker that serves model ${spec.model} was known within ${spec.deadline} ms: check that workers run, that their addresses are given, and that they serve this very model`
    )
  }
  if (stop === 'deadline' && spec.onDeadline === 'fail') {
    return new DeadlineError(`${arrived} of ${n} results were in at the deadline of ${spec.deadline} ms`)
  }
  const failures = placements.flatMap(({ attempts }) => attempts.flatMap(({ error }) => error ?? []))
  return new NotRecoveredError(
    `query ${query} of its group cannot be recovered by ${spec.code.name} from ${arrived} of ${n} results (stopped: ${stop}${failures.length > 0 ? `; ${failures.length} tasks failed, first: ${failures[0].message}` : ''}); allow more time, more workers or fewer stragglers`,
    { cause: failures[0] }
  )
}
