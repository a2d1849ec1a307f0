import { gram, orderByGram, reorder, softmax } from '../../src/codes/index.ts'
import type { Images } from './mnist.ts'
import type { Network } from './network.ts'
import { argmax, mean } from './score.ts'

/** By what a group is ordered before it is encoded. */
export type Ordering = 'arbitrary' | 'inputs' | 'student'

/** A group of queries, and what two models say to each by itself. */
export interface Group {
  images: Float32Array[]
  labels: number[]
  /** The deployed model's logits. */
  logits: Float32Array[]
  /** Its probabilities. */
  probabilities: Float32Array[]
  /** The student's logits. */
  student: Float32Array[]
}

/** Runs both models on all images of the groups. */
export async function makeGroups(network: Network, images: Images, draws: readonly number[][]): Promise<Group[]> {
  const pixels = draws.flat().map(image => images.pixels[image])
  const logits = await network.logits('lenet5', pixels)
  const student = await network.logits('student', pixels)
  let from = 0
  return draws.map(draw => {
    const to = from + draw.length
    const own = logits.slice(from, to)
    const group = {
      images: draw.map(image => images.pixels[image]),
      labels: draw.map(image => images.labels[image]),
      logits: own,
      probabilities: own.map(softmax),
      student: student.slice(from, to)
    }
    from = to
    return group
  })
}

/** The group in the order in which it is encoded. */
export function ordered(group: Group, ordering: Ordering): Group {
  if (ordering === 'arbitrary') return group
  const features = ordering === 'inputs' ? group.images : group.student.map(softmax)
  const order = orderByGram('path', gram(features))
  return {
    images: reorder(group.images, order),
    labels: reorder(group.labels, order),
    logits: reorder(group.logits, order),
    probabilities: reorder(group.probabilities, order),
    student: reorder(group.student, order)
  }
}

/** The share of a group that the deployed model itself has right. */
export function ownAccuracy({ logits, labels }: Group): number {
  return mean(logits.map((vector, q) => Number(argmax(vector) === labels[q])))
}
