import { setFlagsFromString } from 'node:v8'

/**
 * Holds V8's young generation at the megabyte that it starts with, for a process through which tensors pass. To be called before
 * the modules that it loads have made it grow.
 *
 * Each message of 64 KB takes several buffers, memory that only a collection frees. In the 16 MB to which the young
 * generation grows, the small objects that own them would last hundreds of messages: V8 counts 64 MB of such memory before that,
 * and collects the whole heap instead, again and again. `npm run bench -- wire` runs with the same flag.
 */
export function smallYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
