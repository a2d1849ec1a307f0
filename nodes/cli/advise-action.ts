import { type Advice, type AdvisedPlan, advise as compare } from '../../src/advisor/index.ts'
import { stragglersOf } from '../advised.ts'
import { adviceText } from './advice-text.ts'
import type { AdviseCommandOptions } from './advise.ts'
import { readProfiles } from './profiles.ts'
import { readStudent } from './students.ts'

/** Prints what every plan of the profiles, and plain copies, are worth in the fleet. */
export async function advise({
  profile,
  student,
  workers,
  stragglers,
  k,
  n,
  json
}: AdviseCommandOptions): Promise<void> {
  const advice = compare({
    profile: await readProfiles(profile),
    student: student === undefined ? undefined : (await readStudent(student)).profile,
    fleet: { workers, stragglers: stragglersOf(stragglers) },
    k,
    n
  })
  console.log(json ? adviceJson(advice) : adviceText(advice))
}

function adviceJson({ plans, recommended, reason }: Advice): string {
  return JSON.stringify({ recommended: plain(recommended), reason, plans: plans.map(plain) })
}

/** Without what the profile says already. */
function plain({ calibrated: _, ...plan }: AdvisedPlan) {
  return plan
}
