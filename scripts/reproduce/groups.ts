import { gram, orderByGram, reorder, softmax } from '../../src/codes/index.ts'
import type { Images } from './images.ts'
import type { Models } from './models.ts'
import { argmax, mean } from './score.ts'

/** By what a group is ordered before it is encoded. */
export type Ordering = 'arbitrary' | 'inputs' | 'student'

/** A group of queries, and what two models say to each by itself. */
export interface Group {
  /** Which images of their part they are. */
  members: number[]
  images: Float32Array[]
  labels: number[]
  /** The deployed model's logits. */
  logits: Float32Array[]
  /** Its probabilities. */
  probabilities: Float32Array[]
  /** The student's logits; empty where there is none. */
  student: Float32Array[]
}

/** Runs the models on all images of the groups. */
export async function makeGroups(
  models: Pick<Models, 'logits'>,
  images: Images,
  draws: readonly number[][],
  { student }: { student: boolean }
): Promise<Group[]> {
  const drawn = [...new Set(draws.flat())]
  const pixels = drawn.map(image => images.pixels[image])
  const answers = new Map(zip(drawn, await models.logits('deployed', pixels)))
  const studentAnswers = new Map(student ? zip(drawn, await models.logits('student', pixels)) : [])
  return draws.map(members => {
    const logits = members.flatMap(image => answers.get(image) ?? [])
    return {
      members,
      images: members.map(image => images.pixels[image]),
      labels: members.map(image => images.labels[image]),
      logits,
      probabilities: logits.map(softmax),
      student: members.flatMap(image => studentAnswers.get(image) ?? [])
    }
  })
}

function zip<A, B>(a: readonly A[], b: readonly B[]): [A, B][] {
  return a.map((one, i) => [one, b[i]])
}

/** The group in the order in which it is encoded. */
export function ordered(group: Group, ordering: Ordering): Group {
  if (ordering === 'arbitrary') return group
  const features = ordering === 'inputs' ? group.images : group.student.map(softmax)
  return inPlaces(group, orderByGram('path', gram(features)))
}

/** The group with query order[i] at place i. */
export function inPlaces(group: Group, order: readonly number[]): Group {
  return {
    members: reorder(group.members, order),
    images: reorder(group.images, order),
    labels: reorder(group.labels, order),
    logits: reorder(group.logits, order),
    probabilities: reorder(group.probabilities, order),
    student: group.student.length > 0 ? reorder(group.student, order) : []
  }
}

/** The share of a group that the deployed model itself has right. */
export function ownAccuracy({ logits, labels }: Pick<Group, 'logits' | 'labels'>): number {
  return mean(logits.map((vector, q) => Number(argmax(vector) === labels[q])))
}
