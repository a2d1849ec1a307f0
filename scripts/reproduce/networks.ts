import { readCifar10 } from './cifar10.ts'
import type { Dataset } from './images.ts'
import { readMnist } from './mnist.ts'
import { readPhotos } from './photos.ts'

/** A network whose table is made: its data, and what is drawn from them. */
export interface Network {
  name: NetworkName
  /** For people. */
  title: string
  k: number
  n: number
  /** The numbers of stragglers that are columns of the table. */
  stragglers: readonly number[]
  /** Groups to learn second moments from, to choose on what is not learned in closed form, and to score if nobody says else. */
  groups: { calibration: number; tuning: number; test: number }
  /** Survivor sets of each group to choose on, for each number of stragglers. */
  tuningSets: number
  /** What λ_e of NeRCC is chosen from: each costs a run of the tuning groups. */
  lambdasEncode: readonly number[]
  /** Are wrong workers located, too? */
  wrongWorkers: boolean
  /**
   * @param folder with the data; undefined where none is given
   * @throws {MissingDataError} they are not there
   * @throws {ReproduceError} they are not what they should be
   */
  read(folder: string | undefined): Promise<Dataset>
}

export type NetworkName = 'mnist' | 'cifar10' | 'photos'

/** (N, K) are the papers' for LeNet5, and the reference study's for the others. */
export const networks: Readonly<Record<NetworkName, Network>> = {
  mnist: {
    name: 'mnist',
    title: 'LeNet5 on MNIST',
    k: 20,
    n: 100,
    stragglers: [20, 40, 60, 80],
    groups: { calibration: 500, tuning: 80, test: 200 },
    tuningSets: 1,
    lambdasEncode: [0, 1e-6, 1e-5, 1e-4],
    wrongWorkers: true,
    read: readMnist
  },
  cifar10: {
    name: 'cifar10',
    title: 'ResNet-20 on CIFAR-10',
    k: 20,
    n: 60,
    stragglers: [10, 20, 30, 40, 50],
    groups: { calibration: 200, tuning: 50, test: 150 },
    tuningSets: 3,
    lambdasEncode: [0, 1e-5],
    wrongWorkers: false,
    read: readCifar10
  },
  photos: {
    name: 'photos',
    title: 'MobileNetV1-0.5-160 on photos',
    k: 8,
    n: 20,
    stragglers: [4, 8, 12],
    groups: { calibration: 120, tuning: 30, test: 150 },
    tuningSets: 3,
    lambdasEncode: [0, 1e-5],
    wrongWorkers: false,
    read: readPhotos
  }
}
