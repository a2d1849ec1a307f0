import { type Advice, type AdvisedPlan, advise as compare, type Stragglers } from '../../src/advisor/index.ts'
import { companionFacts } from '../advised.ts'
import { adviceText } from './advice-text.ts'
import type { AdviseCommandOptions } from './advise.ts'
import { readCompanion } from './companions.ts'
import { UsageError } from './errors.ts'
import { stragglersAsked } from './late.ts'
import { readProfiles } from './profiles.ts'
import { readStudent } from './students.ts'

/** Prints what every plan of the profiles, and plain copies, are worth in the fleet. */
export async function advise(options: AdviseCommandOptions): Promise<void> {
  const { workers, k, n, json } = options
  const { stragglers, late, words } = stragglersAsked(options)
  if (options.exits !== undefined && options.deadline === undefined) {
    throw new UsageError('how far stragglers get, and so what --exits are worth, is told by --deadline and --latency')
  }
  const [profile, student, description, exits, parity] = await Promise.all([
    readProfiles(options.profile),
    options.student === undefined ? undefined : readStudent(options.student),
    readCompanion(options.description, profiles => profiles.parseDescription),
    readCompanion(options.exits, profiles => profiles.parseExitsProfile),
    readCompanion(options.parity, profiles => profiles.parseParityProfile)
  ])
  const companions = companionFacts({ student: student?.profile, description, exits, parity }, profile, late)
  const advice = compare({ profile, ...companions, fleet: { workers, stragglers }, k, n })
  console.log(json ? adviceJson(advice, stragglers) : adviceText(advice, words))
}

function adviceJson({ plans, recommended, reason }: Advice, stragglers: Stragglers): string {
  return JSON.stringify({ recommended: plain(recommended), reason, stragglers, plans: plans.map(plain) })
}

/** Without what the profile says already. */
function plain({ calibrated: _, ...plan }: AdvisedPlan) {
  return plan
}
