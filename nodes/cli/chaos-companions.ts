import path from 'node:path'
import type { ParityProfile } from '../../src/profiles/index.ts'
import type { OnnxModel } from '../../src/runtime/index.ts'
import { planName, ScenarioError, type ScenarioPlan } from '../../src/simulation/index.ts'
import type { CompanionsByPlan, PlanCompanions } from '../chaos/plan-companions.ts'
import { readCompanion } from './companions.ts'
import { modelBeside, readStudent } from './students.ts'

/**
 * What is known of the companions of each plan that has any.
 *
 * @param folder what files are named from
 * @throws {InputFileError} a file cannot be read
 * @throws {InvalidStudentProfileError | InvalidShrunkProfileError | InvalidExitsProfileError | InvalidCompanionProfileError} a file is wrong
 * @throws {ScenarioError} a plan asks for something else than its profile is of
 */
export async function readCompanions(plans: readonly ScenarioPlan[], folder: string): Promise<CompanionsByPlan> {
  const found = new Map<ScenarioPlan, PlanCompanions>()
  for (const plan of plans) {
    if (plan.student ?? plan.description ?? plan.exits ?? plan.parity) {
      found.set(plan, await companionsOf(plan, folder))
    }
  }
  return found
}

async function companionsOf(plan: ScenarioPlan, folder: string): Promise<PlanCompanions> {
  const from = (name: string): string => path.resolve(folder, name)
  const own: OnnxModel[] = []
  const served: OnnxModel[] = []
  const found: PlanCompanions = { own, served }
  if (plan.student !== undefined) {
    const { profile, model } = await readStudent(from(plan.student.profile))
    found.student = profile
    own.push(model)
  }
  if (plan.description !== undefined) {
    const file = from(plan.description.profile)
    found.description = await readCompanion(file, profiles => profiles.parseDescription)
    served.push(modelOf(file))
  }
  if (plan.exits !== undefined) {
    found.exits = await readCompanion(from(plan.exits.profile), profiles => profiles.parseExitsProfile)
  }
  if (plan.parity !== undefined) {
    const file = from(plan.parity.profile)
    found.parity = await readCompanion(file, profiles => profiles.parseParityProfile)
    checkParity(plan, found.parity)
    // What lies beside the profile is the encoder, if there is one: the deployed model is its own parity model then.
    const models = found.parity.encoder ? own : served
    models.push(...(plan.parity.models?.map(model => modelAt(from(model))) ?? [modelOf(file)]))
  }
  return found
}

/** @throws {ScenarioError} the profile is not of this plan */
function checkParity(plan: ScenarioPlan, { k, parities, encoder }: ParityProfile): void {
  const { profile: file, service, models } = plan.parity ?? {}
  const wrong = (message: string): never => {
    throw new ScenarioError(`${planName(plan)}: ${file} ${message}`)
  }
  if (parities.length !== (models?.length ?? 1)) {
    wrong(`is of ${parities.length} parity models: ${parities.length > 1 ? 'name them as' : 'leave out'} parity.models`)
  }
  if (plan.k !== k || plan.n !== k + parities.length) {
    wrong(`is of groups of ${k}: k is ${k}, and n ${k + parities.length}`)
  }
  if (encoder !== undefined && service === undefined) {
    wrong('has an encoder: say as parity.service how long the master takes to run it, in ms')
  }
  if (encoder === undefined && service !== undefined) {
    wrong('has no encoder, which would take time: leave out parity.service')
  }
}

function modelOf(profile: string): OnnxModel {
  return modelAt(modelBeside(profile))
}

function modelAt(file: string): OnnxModel {
  return { name: path.basename(file, '.onnx'), path: file }
}
