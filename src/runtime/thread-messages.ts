import { isMarkedAsUntransferable } from 'node:worker_threads'
import type { ModelId, ModelSignature, NamedTensors, TensorHeader } from '../models/index.ts'
import { Tensor } from '../tensor/index.ts'
import type { ModelFile } from './model-file.ts'

/** What a thread is started with. */
export interface ThreadData {
  models: readonly ModelFile[]
  /** Those whose session is kept from the start. */
  warm: readonly ModelId[]
  /** Execution providers in order of preference. */
  providers: readonly string[]
  intraOpThreads: number
}

export interface RunMessage {
  type: 'run'
  model: ModelId
  /** Models whose sessions are released first. */
  evict: readonly ModelId[]
  inputs: PackedTensor[]
  outputs: readonly string[]
}

export type ToThread = RunMessage | { type: 'stop' }

/** A thread answers its start with `loaded` or `failed`, and each run with `result` or `failed`; before that, it may say `early` ones. */
export type FromThread =
  | { type: 'loaded'; models: LoadedModel[] }
  | { type: 'early'; outputs: PackedTensor[] }
  | { type: 'result'; outputs: PackedTensor[]; runMs: number; loadMs?: number }
  | { type: 'failed'; name: string; message: string }

/** A model as a thread found it in its file, and the provider that it got there. */
export interface LoadedModel {
  id: ModelId
  name: string
  signature: ModelSignature
  provider: string
  /** The provider has no kernel for some operators, and ONNX Runtime runs those on the CPU. */
  partly: boolean
  unavailable: UnavailableProvider[]
}

/** A provider that was preferred and did not work. */
export interface UnavailableProvider {
  provider: string
  reason: string
}

/** A tensor that survives structured cloning. */
export interface PackedTensor extends TensorHeader {
  bytes: Uint8Array
}

/**
 * Tensors as a message, and the memory that moves with it. A buffer that several of them view is listed once; one that
 * cannot move (shared, or Node's pool of small buffers) is copied.
 */
export function pack(tensors: NamedTensors): { packed: PackedTensor[]; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>()
  const packed = Object.entries(tensors).map(([name, { dtype, shape, bytes: view }]) => {
    const movable = view.buffer instanceof ArrayBuffer && !isMarkedAsUntransferable(view.buffer)
    const bytes = movable ? view : view.slice()
    if (bytes.buffer instanceof ArrayBuffer) {
      transfer.add(bytes.buffer)
    }
    return { name, dtype, shape, bytes }
  })
  return { packed, transfer: [...transfer] }
}

export function unpack(packed: readonly PackedTensor[]): NamedTensors {
  return Object.fromEntries(
    packed.map(({ name, dtype, shape, bytes }) => [name, Tensor.fromBytes(dtype, shape, bytes)])
  )
}
