import type { Command } from 'commander'
import { names, positive } from './options.ts'

/** What runs the models, and on what. */
export interface ExecutorOptions {
  ep: string[]
  threads: number
  intraOpThreads: number
  sessionMemory?: number
  executor?: string
}

export function withExecutorOptions(command: Command): Command {
  return command
    .option('--ep <names>', 'execution providers of ONNX Runtime in order of preference', names, ['cpu'])
    .option('--threads <n>', 'runs at once, each in a thread with sessions of its own', positive, 1)
    .option('--intra-op-threads <n>', 'threads inside one run', positive, 1)
    .option('--session-memory <MiB>', 'what the loaded models may take; the least recently used makes room', positive)
    .option('--executor <command>', 'a program that runs the models in a process of its own, such as onnx_worker.py')
}
