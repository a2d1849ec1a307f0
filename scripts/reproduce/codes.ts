import { fileURLToPath } from 'node:url'
import { random } from '../../src/simulation/index.ts'
import { Course, type Parts, type SurvivorSets } from './course.ts'
import { drawGroups, drawSurvivors } from './draws.ts'
import { type Group, makeGroups, type Ordering, ordered, ownAccuracy } from './groups.ts'
import { type Method, ourMethods, publishedMethods, replicationMethod } from './methods.ts'
import type { Mnist } from './mnist.ts'
import { Network } from './network.ts'
import { type Comparison, compareWithReference } from './reference.ts'
import { mean, type Score } from './score.ts'
import { type Liars, wrongWorkers } from './wrong-workers.ts'

/** (N, K) of the papers' LeNet5. */
export const SIZE = { k: 20, n: 100 }
export const STRAGGLERS = [20, 40, 60, 80]
/** Survivor sets of each test group, for each number of stragglers. */
export const SETS = 3
const CALIBRATION_GROUPS = 500
const TUNING_GROUPS = 80
const ORDERINGS: readonly Ordering[] = ['arbitrary', 'inputs', 'student']

const models = new URL('../models/mnist/', import.meta.url)
const MODELS = {
  lenet5: fileURLToPath(new URL('lenet5.onnx', models)),
  student: fileURLToPath(new URL('student.onnx', models))
}

/** Streams of the seed: what is drawn from one does not change what is drawn from another. */
const STREAMS = { train: 1, test: 2, tuningSurvivors: 3, testSurvivors: 4, liars: 5 }

/** One line of the table. */
export interface Row {
  method: string
  /** `any` for a method whose score no order changes. */
  ordering: Ordering | 'any'
  cells: Array<Score & { stragglers: number; chosen: Record<string, number> }>
}

export interface Figures {
  settings: Record<string, unknown>
  /** The models' content ids. */
  models: Record<string, string>
  /** What the deployed model and the student have right of the test groups by themselves. */
  accuracy: number
  studentAccuracy: number
  rows: Row[]
  reference: Comparison
  wrongWorkers: Liars[]
}

/** Every method in every order on the same groups and survivor sets. */
export async function codesFigures(
  mnist: Mnist,
  { groups: count, seed }: { groups: number; seed: number },
  progress: (line: string) => void
): Promise<Figures> {
  const network = await Network.load(MODELS)
  try {
    const groups = await drawParts(network, mnist, count, seed)
    const survivors = {
      tuning: survivorSets({ groups: TUNING_GROUPS, sets: 1, seed, stream: STREAMS.tuningSurvivors }),
      test: survivorSets({ groups: count, sets: SETS, seed, stream: STREAMS.testSurvivors })
    }
    const rows: Row[] = []
    let liars: Liars[] = []
    for (const ordering of ORDERINGS) {
      const course = new Course(network, inOrder(groups, ordering), survivors)
      const methods = [...publishedMethods(SIZE), ...ourMethods(SIZE)]
      if (ordering === 'arbitrary') rows.push({ ...(await run(replicationMethod(SIZE), course)), ordering: 'any' })
      for (const method of methods) {
        progress(`${ordering} order: ${method.name}`)
        rows.push({ ...(await run(method, course)), ordering })
      }
      if (ordering === 'inputs') {
        progress('inputs order: wrong workers')
        liars = await wrongWorkers(course, SIZE, random(seed, STREAMS.liars))
      }
    }
    return {
      settings: {
        ...SIZE,
        stragglers: STRAGGLERS,
        testGroups: count,
        setsPerGroup: SETS,
        calibrationGroups: CALIBRATION_GROUPS,
        tuningGroups: TUNING_GROUPS,
        seed
      },
      models: network.ids,
      accuracy: mean(groups.test.map(ownAccuracy)),
      studentAccuracy: mean(groups.test.map(group => ownAccuracy({ ...group, logits: group.student }))),
      rows,
      reference: await compareWithReference(rows, count),
      wrongWorkers: liars
    }
  } finally {
    await network.close()
  }
}

async function drawParts(network: Network, mnist: Mnist, count: number, seed: number): Promise<Parts<Group[]>> {
  const { k } = SIZE
  const learning = CALIBRATION_GROUPS + TUNING_GROUPS
  const train = drawGroups(mnist.train.pixels.length, k, learning, random(seed, STREAMS.train))
  const test = drawGroups(mnist.test.pixels.length, k, count, random(seed, STREAMS.test))
  const trained = await makeGroups(network, mnist.train, train)
  return {
    calibration: trained.slice(0, CALIBRATION_GROUPS),
    tuning: trained.slice(CALIBRATION_GROUPS),
    test: await makeGroups(network, mnist.test, test)
  }
}

function survivorSets(draw: { groups: number; sets: number; seed: number; stream: number }): SurvivorSets {
  return new Map(STRAGGLERS.map(stragglers => [stragglers, drawSurvivors(SIZE.n, stragglers, draw)]))
}

function inOrder({ calibration, tuning, test }: Parts<Group[]>, ordering: Ordering): Parts<Group[]> {
  const order = (groups: Group[]): Group[] => groups.map(group => ordered(group, ordering))
  return { calibration: order(calibration), tuning: order(tuning), test: order(test) }
}

async function run({ name, learn }: Method, course: Course): Promise<Omit<Row, 'ordering'>> {
  const prepare = await learn(course)
  const cells: Row['cells'] = []
  for (const stragglers of STRAGGLERS) {
    const { coded, decode, chosen } = await prepare(stragglers)
    cells.push({ stragglers, ...course.score('test', stragglers, coded, decode), chosen })
  }
  return { method: name, cells }
}
