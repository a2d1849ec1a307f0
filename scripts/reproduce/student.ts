import { writeFile } from 'node:fs/promises'
import { fitStudent } from '../../nodes/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import { softmax, whole } from '../../src/codes/index.ts'
import { OnlineStudent } from '../../src/students/index.ts'
import type { Dataset } from './images.ts'
import { Models } from './models.ts'
import { type Estimate, ratio, scoreQuery, type Trial } from './score.ts'

export interface StudentFigures {
  settings: { queries: number; patches: number; testImages: number; seed: number }
  /** The content ids of the deployed model and of the student. */
  models: Record<string, string>
  /** On all test images: what the model has right, what the student has right, and where it gives the model's own class. */
  modelAccuracy: Estimate
  accuracy: Estimate
  agreement: Estimate
  /** One that learned of the same images while they were served, one after the other. */
  online: {
    accuracy: Estimate
    agreement: Estimate
    /** Its accuracy over that of the one fitted to all of them at once. */
    share: number
    /** Then negatives came: how many until it was off, and how many more until it was on again; null for never. */
    drift: { off: number | null; on: number | null }
  }
}

export interface StudentRun {
  /** How many images it is fitted to; all that are for learning, if there are fewer. */
  queries: number
  patches: number
  seed: number
  /** Where the student is written to. */
  file: string
}

const STREAM = 21
/** Negatives that are served at most. */
const DRIFTING = 3000

/** Fits a student to unlabelled images of the learning part, and scores it on all test images. */
export async function studentFigures(
  { models: { deployed }, learning, test, shape }: Dataset,
  { queries, patches, seed, file }: StudentRun
): Promise<{ figures: StudentFigures; seconds: { fit: number } }> {
  const images = shuffled(learning.pixels, random(seed, STREAM)).slice(0, queries)
  const teacher = await Models.load({ deployed })
  const [logits, own] = [await teacher.logits('deployed', images), await teacher.logits('deployed', test.pixels)]
  const startedAt = performance.now()
  await writeFile(file, await fitStudent({ queries: images, shape, logits, patches, seed }))
  const seconds = { fit: (performance.now() - startedAt) / 1000 }
  const student = await Models.load({ student: file })
  const answers = await student.logits('student', test.pixels)
  const told = { images: await featuresOf(images), test: await featuresOf(test.pixels) }
  const negatives = images.slice(0, DRIFTING).map(pixels => pixels.map(value => 1 - value))
  const other = { features: await featuresOf(negatives), own: await teacher.logits('deployed', negatives) }
  await Promise.all([student.close(), teacher.close()])
  const score = (said: readonly Float32Array[]): Trial[] =>
    said.map((answer, i) => ({ unit: i, ...scoreQuery(softmax(answer), softmax(own[i]), test.labels[i]) }))
  const trials = score(answers)
  const online = new OnlineStudent({ features: told.images[0].length, classes: logits[0].length })
  serve(online, { features: told.images, own: logits })
  const onlineTrials = score(told.test.map(features => online.answer(features)?.logits ?? new Float32Array(1)))
  const accuracy = ratio(trials, trial => trial.right)
  const onlineAccuracy = ratio(onlineTrials, trial => trial.right)
  const figures = {
    settings: { queries: images.length, patches, testImages: trials.length, seed },
    models: { ...teacher.ids, ...student.ids },
    modelAccuracy: ratio(trials, trial => trial.own),
    accuracy,
    agreement: ratio(trials, trial => trial.agrees),
    online: {
      accuracy: onlineAccuracy,
      agreement: ratio(onlineTrials, trial => trial.agrees),
      share: onlineAccuracy.value / accuracy.value,
      drift: drift(online, other)
    }
  }
  return { figures, seconds }

  function featuresOf(pixels: readonly Float32Array[]): Promise<Float32Array[]> {
    return student.features(pixels)
  }
}

/** Queries that are told by features, and what the model says to each. */
interface Served {
  features: readonly Float32Array[]
  own: readonly Float32Array[]
}

/** Serves one query after the other, until `enough`; how many that were. */
function serve(student: OnlineStudent, { features, own }: Served, enough = () => false): number {
  for (let i = 0; i < features.length; i++) {
    if (enough()) return i
    student.learn(features[i], own[i])
    if (student.due) whole(student.improve())
  }
  return features.length
}

/** How many of these queries come until the student is off, and how many more until it is on again. */
function drift(student: OnlineStudent, { features, own }: Served): StudentFigures['online']['drift'] {
  const off = serve(student, { features, own }, () => !student.on)
  if (student.on) return { off: null, on: null }
  const on = serve(student, { features: features.slice(off), own: own.slice(off) }, () => student.on)
  return { off, on: student.on ? on : null }
}
