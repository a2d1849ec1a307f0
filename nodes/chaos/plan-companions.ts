import type { Clock } from '../../src/inference/index.ts'
import type {
  DescriptionProfile,
  ExitsProfile,
  ParityProfile,
  ShrunkProfile,
  StudentProfile
} from '../../src/profiles/index.ts'
import type { OnnxModel } from '../../src/runtime/index.ts'
import { type CompanionFigures, planName, ScenarioError, type ScenarioPlan } from '../../src/simulation/index.ts'
import type { CodedOptions } from '../coded-inference.ts'
import { descriptionFacts } from '../descriptions.ts'
import { LearningStudent } from '../learning-student.ts'

/** What a plan of a scenario has of companions, as their profiles say, and where their models lie. */
export interface PlanCompanions {
  student?: StudentProfile
  description?: DescriptionProfile | ShrunkProfile
  /** Of the deployed model itself. */
  exits?: ExitsProfile
  parity?: ParityProfile
  /** Those that the master runs by itself. */
  own: OnnxModel[]
  /** Those that workers serve beside the deployed model. */
  served: OnnxModel[]
}

/** Of the plans that have companions. */
export type CompanionsByPlan = ReadonlyMap<ScenarioPlan, PlanCompanions>

/**
 * What is known of the companions of a plan; `undefined` where it has none.
 *
 * @throws {ScenarioError} it has some, and nothing is known of them
 */
export function companionsOf(plan: ScenarioPlan, companions: CompanionsByPlan): PlanCompanions | undefined {
  const known = companions.get(plan)
  if (known === undefined && (plan.student ?? plan.description ?? plan.exits ?? plan.parity)) {
    throw new ScenarioError(`${planName(plan)}: nothing was read of its companions`)
  }
  return known
}

/** The models of companions that the master runs, that workers serve, or both; each once, though several plans have it. */
export function modelsOf(companions: CompanionsByPlan, ...whose: ReadonlyArray<'own' | 'served'>): OnnxModel[] {
  const models = [...companions.values()].flatMap(known => whose.flatMap(each => known[each]))
  return [...new Map(models.map(model => [model.path, model])).values()]
}

/** Are they all of this model? */
export function areOf({ student, description, exits, parity }: PlanCompanions, model: string): boolean {
  return [student, description, exits, parity].every(profile => profile === undefined || profile.model === model)
}

/** What the profiles say that companions are worth: all that timing mode knows of them. */
export function figuresByPlan(companions: CompanionsByPlan): ReadonlyMap<ScenarioPlan, CompanionFigures> {
  return new Map([...companions].map(([plan, known]) => [plan, figuresOf(known)]))
}

function figuresOf({ student, description, exits, parity }: PlanCompanions): CompanionFigures {
  return {
    ...(student && { student }),
    ...(description && { description: descriptionFacts(description) }),
    ...(exits && { exits: exits.exits }),
    ...(parity && { parity: { missing: parity.missing, encoded: parity.encoder !== undefined } })
  }
}

/**
 * A plan with its companions, as a master is asked for it; a student that learns begins anew.
 *
 * @param output the one that is decoded, where companions have not learned another
 */
export function planOptions(
  { code: name, k, n, layout, stragglers, maxWrong, hedge, fewest = false, student }: ScenarioPlan,
  { companions, output, clock }: { companions?: PlanCompanions; output: string; clock?: Clock }
): Omit<CodedOptions, 'model'> & { k: number; output: string } {
  const { student: profile, description, exits, parity } = companions ?? {}
  return {
    k,
    n,
    code: { name, layout },
    stragglers,
    maxWrong,
    hedge,
    fewest,
    description,
    exits,
    parity,
    student: student?.learns && profile ? new LearningStudent({ companion: profile.student, clock }) : profile,
    output: (parity ?? profile ?? description ?? exits)?.output ?? output
  }
}

/** After which share of a run of the model its exits speak, by their outputs. */
export function exitShares(profile: ExitsProfile | undefined): Map<string, number> {
  return new Map(profile?.exits.map(({ output, at }) => [output, at]))
}
