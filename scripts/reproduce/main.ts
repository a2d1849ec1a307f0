/**
 * Makes the tables of the papers anew: each as a subcommand, which prints it and writes its figures as JSON. See
 * docs/reproduce.md.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { environment } from '../environment.ts'
import { codesFigures } from './codes.ts'
import { MissingDataError } from './errors.ts'
import type { Dataset } from './images.ts'
import { type Network, type NetworkName, networks } from './networks.ts'
import { codesTable } from './table.ts'

interface CodesOptions {
  data?: string
  network: NetworkName[]
  groups?: number
  seed: number
  out: string
}

const program = new Command('reproduce').description('Makes tables of the papers anew, with the baselines beside them.')
program
  .command('codes')
  .description(`Every code on ${Object.values(networks).map(describe).join('; ')}.`)
  .addOption(
    new Option('--network <name...>', 'which of them')
      .choices(Object.keys(networks))
      .default(Object.keys(networks), 'those whose data are there')
  )
  .option(
    '--data <folder>',
    'holds the data, as docs/reproduce.md says; else SPLINEMESH_DATA; MNIST alone can be downloaded without',
    process.env.SPLINEMESH_DATA || undefined
  )
  .option('--groups <n>', 'test groups; default: 200 of MNIST, 150 of the others', within(2, 500))
  .option('--seed <n>', 'draws groups, stragglers and liars', within(0, 2 ** 31 - 1), 1)
  .option('--out <folder>', 'where the figures go', path.join('results', 'reproduce'))
  .action(codes)

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof Error ? `reproduce: ${error.name}: ${error.message}` : error)
  process.exitCode = 1
}

async function codes({ network: names, data, groups: asked, seed, out }: CodesOptions): Promise<void> {
  for (const name of names) {
    const startedAt = new Date()
    const network = networks[name]
    const dataset = await readOrSkip(network, data)
    if (dataset === undefined) continue
    const groups = asked ?? network.groups.test
    const progress = (line: string): void => console.error(line)
    const figures = await codesFigures(network, dataset, { groups, seed, progress })
    const file = path.join(out, `codes-${name}.json`)
    await mkdir(out, { recursive: true })
    await writeFile(file, `${JSON.stringify({ figures, environment: await environment(startedAt) }, undefined, 2)}\n`)
    console.log(`${codesTable(network, figures)}\nfigures: ${file}\n`)
  }
}

async function readOrSkip(network: Network, folder: string | undefined): Promise<Dataset | undefined> {
  try {
    return await network.read(folder)
  } catch (error) {
    if (!(error instanceof MissingDataError)) throw error
    console.log(`skipped ${network.title}: ${error.message}`)
    return undefined
  }
}

function describe({ name, title, n, k, stragglers }: Network): string {
  return `${name}: ${title}, (N, K) = (${n}, ${k}), ${stragglers.join(', ')} stragglers`
}

function within(least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
    }
    return value
  }
}
