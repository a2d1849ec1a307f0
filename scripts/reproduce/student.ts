import { writeFile } from 'node:fs/promises'
import { fitStudent } from '../../nodes/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import { softmax } from '../../src/codes/index.ts'
import type { Dataset } from './images.ts'
import { Models } from './models.ts'
import { type Estimate, ratio, scoreQuery } from './score.ts'

export interface StudentFigures {
  settings: { queries: number; patches: number; testImages: number; seed: number }
  /** The content ids of the deployed model and of the student. */
  models: Record<string, string>
  /** On all test images: what the model has right, what the student has right, and where it gives the model's own class. */
  modelAccuracy: Estimate
  accuracy: Estimate
  agreement: Estimate
}

export interface StudentRun {
  /** How many images it is fitted to; all that are for learning if left out. */
  queries?: number
  patches: number
  seed: number
  /** Where the student is written to. */
  file: string
}

const STREAM = 21

/** Fits a student to unlabelled images of the learning part, and scores it on all test images. */
export async function studentFigures(
  { models: { deployed }, learning, test, shape }: Dataset,
  { queries = learning.pixels.length, patches, seed, file }: StudentRun
): Promise<{ figures: StudentFigures; seconds: { fit: number } }> {
  const images = shuffled(learning.pixels, random(seed, STREAM)).slice(0, queries)
  const teacher = await Models.load({ deployed })
  const [logits, own] = [await teacher.logits('deployed', images), await teacher.logits('deployed', test.pixels)]
  await teacher.close()
  const startedAt = performance.now()
  await writeFile(file, await fitStudent({ images, shape, logits, patches, seed }))
  const seconds = { fit: (performance.now() - startedAt) / 1000 }
  const student = await Models.load({ student: file })
  const answers = await student.logits('student', test.pixels)
  await student.close()
  const trials = answers.map((answer, i) => ({
    unit: i,
    ...scoreQuery(softmax(answer), softmax(own[i]), test.labels[i])
  }))
  const figures = {
    settings: { queries: images.length, patches, testImages: trials.length, seed },
    models: { ...teacher.ids, ...student.ids },
    modelAccuracy: ratio(trials, trial => trial.own),
    accuracy: ratio(trials, trial => trial.right),
    agreement: ratio(trials, trial => trial.agrees)
  }
  return { figures, seconds }
}
