import path from 'node:path'
import type { OnnxModel } from '../../src/runtime/index.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { UsageError } from './errors.ts'
import { saveBytes, saveText } from './save.ts'

/** A graph that is made of the deployed one, and what is known of it. */
export interface MadeGraph<P> {
  file: Uint8Array
  profile: P
}

/**
 * The deployed model, and what the files of the graph that is made of it are called, without their endings.
 *
 * @param what is done, for people
 * @param kind ends the name, where the options give none
 * @throws {UsageError} the options ask for what such a graph has nothing to do with
 */
export function graphAsked(
  options: CalibrateCommandOptions,
  what: string,
  kind: string
): { model: OnnxModel; stem: string } {
  const { model: file, out, n, parity, peer, mdns } = options
  if (n !== undefined || parity !== undefined || peer !== undefined || mdns === true) {
    throw new UsageError(`${what} on this machine, to stand beside copies: leave out --n, --parity, --peer, --mdns`)
  }
  const name = path.basename(file, '.onnx')
  return { model: { name, path: file }, stem: (out ?? `${name}.${kind}`).replace(/\.json$/, '') }
}

/** Writes a graph and its profile beside it, and prints what it is worth. */
export async function saveGraph<P>(
  { file, profile }: MadeGraph<P>,
  stem: string,
  { json }: CalibrateCommandOptions,
  worthText: (profile: P, stem: string) => string
): Promise<void> {
  await saveBytes(`${stem}.onnx`, file)
  await saveText(`${stem}.json`, JSON.stringify(profile))
  console.log(json ? JSON.stringify({ file: `${stem}.json`, profile }) : worthText(profile, stem))
}
