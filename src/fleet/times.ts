/** Times in ms within which a worker answers; ∞ where so many tasks never were. */
export interface Times {
  p50: number
  p99: number
  /** How much of it is usual in the network, by what the worker says of its own part: a hint, by which nobody is chosen. */
  network?: number
  /** What the newest cold run took, which may have loaded the model first. */
  cold?: number
}

/** Where the time of a task went, in ms: in the queue and the run of the worker, as it says itself, and the rest of the round trip. */
export interface Timings {
  queue: number
  run: number
  network: number
}
