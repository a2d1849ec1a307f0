import { fileURLToPath } from 'node:url'

/** Queries in a group. */
export const K = 4

/** As many as the test digits fill. */
export const GROUPS = 112

/** A group is answered with what there is after this long, in ms. */
export const DEADLINE_MS = 200

/** A terminal outcome may come this much after the deadline, by the master's clock. */
export const GRACE_MS = 50

/** Emulated time of a task, in ms: uniform within the jitter; or that of a straggler. */
export const SERVICE_MS = 20
export const JITTER_MS = 5
export const SLOW_MS = 400

/** A worker is killed this long after a group has left, in ms: its task is at work then. */
export const KILL_AFTER_MS = 5

/** So many groups after the kill, the next waits until a new worker has joined. */
export const GROUPS_WITHOUT = 5

export const MODEL_NAME = 'lenet5'
const digits = new URL('../models/digits/', import.meta.url)
export const MODEL_PATH = fileURLToPath(new URL('lenet5.onnx', digits))
/** The master's own small model, and what is known of it. */
export const STUDENT_PATH = fileURLToPath(new URL('student.onnx', digits))
export const STUDENT_PROFILE_PATH = fileURLToPath(new URL('student.json', digits))
/** A model that workers serve beside LeNet5 and that answers a whole group in one run, and what is known of it. */
export const MOSAIC_NAME = 'mosaic'
export const MOSAIC_PATH = fileURLToPath(new URL('mosaic-k4.onnx', digits))
export const MOSAIC_PROFILE_PATH = fileURLToPath(new URL('mosaic-k4.json', digits))
export const IMAGES_PATH = fileURLToPath(new URL('test-images.npy', digits))
export const LABELS_PATH = fileURLToPath(new URL('test-labels.npy', digits))

/** Compiled modules, so that a dozen processes do not each compile the same. */
export const COMPILE_CACHE = fileURLToPath(new URL('../../.cache/compile/', import.meta.url))
