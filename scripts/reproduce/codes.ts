import { random } from '../../src/chance/index.ts'
import { Course, type SurvivorSets } from './course.ts'
import { drawSurvivors } from './draws.ts'
import { type Ordering, ownAccuracy } from './groups.ts'
import type { Dataset } from './images.ts'
import { type Method, ourMethods, publishedMethods, replicationMethod } from './methods.ts'
import { Models } from './models.ts'
import type { Network } from './networks.ts'
import { drawParts, inOrder } from './parts.ts'
import { type Comparison, compareWithReference } from './reference.ts'
import { mean, type Score } from './score.ts'
import { type Liars, wrongWorkers } from './wrong-workers.ts'

const ALONE: readonly Ordering[] = ['arbitrary', 'inputs']
const WITH_STUDENT: readonly Ordering[] = [...ALONE, 'student']
/** Survivor sets of each test group, for each number of stragglers. */
const SETS = 3

/** Streams of the seed, beside those of the groups: what is drawn from one does not change what is drawn from another. */
const STREAMS = { tuningSurvivors: 3, testSurvivors: 4, liars: 5 }

/** One line of the table. */
export interface Row {
  method: string
  /** `any` for a method whose score no order changes. */
  ordering: Ordering | 'any'
  cells: Array<Score & { stragglers: number; chosen: Record<string, number> }>
}

export interface Figures {
  network: string
  settings: {
    k: number
    n: number
    stragglers: readonly number[]
    testGroups: number
    /** How many different images the test groups hold: fewer than k · testGroups where images recur. */
    testImages: number
    setsPerGroup: number
    calibrationGroups: number
    tuningGroups: number
    seed: number
  }
  /** The models' content ids. */
  models: Record<string, string>
  /** What the deployed model and the student have right of the test groups by themselves. */
  accuracy: number
  studentAccuracy?: number
  rows: Row[]
  reference: Comparison
  /** Absent where they are not located. */
  wrongWorkers?: Liars[]
}

export interface CodesRun {
  groups: number
  seed: number
  progress: (line: string) => void
}

/** Every method in every order on the same groups and survivor sets. */
export async function codesFigures(
  network: Network,
  dataset: Dataset,
  { groups: count, seed, progress }: CodesRun
): Promise<Figures> {
  const models = await Models.load(dataset.models)
  const student = dataset.models.student !== undefined
  try {
    const groups = await drawParts(models, network, dataset, { count, seed })
    const survivors = {
      tuning: survivorSets(network, {
        groups: network.groups.tuning,
        sets: network.tuningSets,
        seed,
        stream: STREAMS.tuningSurvivors
      }),
      test: survivorSets(network, { groups: count, sets: SETS, seed, stream: STREAMS.testSurvivors })
    }
    const rows: Row[] = []
    let liars: Liars[] | undefined
    for (const ordering of student ? WITH_STUDENT : ALONE) {
      const course = new Course(models, inOrder(groups, ordering), survivors)
      if (ordering === 'arbitrary') {
        rows.push({ ...(await run(replicationMethod(network), course, network)), ordering: 'any' })
      }
      for (const method of [...publishedMethods(network), ...ourMethods(network, { student })]) {
        progress(`${network.name}, ${ordering} order: ${method.name}`)
        rows.push({ ...(await run(method, course, network)), ordering })
      }
      if (ordering === 'inputs' && network.wrongWorkers) {
        progress(`${network.name}, inputs order: wrong workers`)
        liars = await wrongWorkers(course, network, random(seed, STREAMS.liars))
      }
    }
    const accuracyOf = (who: 'logits' | 'student'): number =>
      mean(groups.test.map(group => ownAccuracy({ logits: group[who], labels: group.labels })))
    return {
      network: network.name,
      settings: {
        k: network.k,
        n: network.n,
        stragglers: network.stragglers,
        testGroups: count,
        testImages: new Set(groups.test.flatMap(({ members }) => members)).size,
        setsPerGroup: SETS,
        calibrationGroups: network.groups.calibration,
        tuningGroups: network.groups.tuning,
        seed
      },
      models: models.ids,
      accuracy: accuracyOf('logits'),
      studentAccuracy: student ? accuracyOf('student') : undefined,
      rows,
      reference: await compareWithReference(network.name, rows, count),
      wrongWorkers: liars
    }
  } finally {
    await models.close()
  }
}

function survivorSets(
  { n, stragglers }: Network,
  draw: { groups: number; sets: number; seed: number; stream: number }
): SurvivorSets {
  return new Map(stragglers.map(count => [count, drawSurvivors(n, count, draw)]))
}

async function run({ name, learn }: Method, course: Course, { stragglers }: Network): Promise<Omit<Row, 'ordering'>> {
  const prepare = await learn(course)
  const cells: Row['cells'] = []
  for (const count of stragglers) {
    const { coded, decode, chosen } = await prepare(count)
    cells.push({ stragglers: count, ...course.score('test', count, coded, decode), chosen })
  }
  return { method: name, cells }
}
