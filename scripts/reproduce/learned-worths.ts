import { calibrate, calibrateDescription, calibrateParities, calibrateStudent } from '../../nodes/index.ts'
import type { Profile } from '../../src/codes/index.ts'
import type { DescriptionProfile, ParityProfile, StudentProfile } from '../../src/profiles/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import type { LearnedModels, Trained } from './learned-models.ts'

export interface WorthsInit {
  models: LearnedModels
  /** The name of the deployed model. */
  deployed: string
  /** Images that no training has seen. */
  held: readonly Tensor[]
  seed: number
}

/** What companions of a deployed model are worth and how codes of it are decoded, each learned once, when it is first asked for. */
export interface Worths {
  /** Of the model 'student'; what it costs is its share of the multiply-adds. */
  student(): Promise<StudentProfile>
  description(mosaic: Trained): Promise<DescriptionProfile>
  /** Of a parity model; or of the deployed model as its own, with the encoder that makes its query. */
  parity(trained: Trained): Promise<ParityProfile>
  /** NeRCC in both layouts for groups of this size, in order of inputs. */
  codes(size: { k: number; n: number }): Promise<Profile>
}

const LAYOUTS = ['paper', 'systematic'] as const
/** Queries that the calibration of a code scores; it learns from three times as many. */
const SCORED = 300

export function worthsOf({ models, deployed, held, seed }: WorthsInit): Worths {
  const judged = { executor: models.executor, model: deployed, output: 'logits', data: held }

  async function student(): Promise<StudentProfile> {
    const profile = await calibrateStudent({ ...judged, student: 'student' })
    const [own, small] = [await models.macs(profile.model, 1), await models.macs(profile.student, 1)]
    return { ...profile, cost: small / own }
  }

  function parity({ kind, k, model }: Trained): Promise<ParityProfile> {
    return kind === 'encoder'
      ? calibrateParities({ ...judged, parities: [deployed], encoder: model, k })
      : calibrateParities({
          ...judged,
          parities: [model],
          output: 'softmax',
          concatenated: kind === 'concatenated',
          k
        })
  }

  async function codes({ k, n }: { k: number; n: number }): Promise<Profile> {
    // λ_e hardly matters, and to choose it would cost half as much again.
    const plans = LAYOUTS.map(layout => ({ k, n, code: { name: 'nercc', layout, lambdaEncode: 0 } as const }))
    return (await calibrate({ ...judged, plans, groups: Math.ceil((3 * SCORED) / k), seed })).profile
  }

  return {
    student: once(student, () => 'student'),
    description: once(
      ({ model, k }: Trained) => calibrateDescription({ ...judged, description: model, side: Math.sqrt(k) }),
      ({ model }) => model
    ),
    parity: once(parity, ({ model }) => model),
    codes: once(codes, ({ k, n }) => `${k} of ${n}`)
  }
}

/** Does the same work once. */
function once<Asked extends unknown[], T>(
  work: (...asked: Asked) => Promise<T>,
  key: (...asked: Asked) => string
): (...asked: Asked) => Promise<T> {
  const done = new Map<string, Promise<T>>()
  return (...asked) => {
    const known = done.get(key(...asked)) ?? work(...asked)
    done.set(key(...asked), known)
    return known
  }
}
