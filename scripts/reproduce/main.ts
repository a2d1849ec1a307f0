/**
 * Makes the tables of the papers anew: each as a subcommand, which prints it and writes its figures as JSON. See
 * docs/reproduce.md.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { environment } from '../environment.ts'
import { codesFigures, STRAGGLERS } from './codes.ts'
import { readMnist } from './mnist.ts'
import { codesTable } from './table.ts'

interface CodesOptions {
  data?: string
  groups: number
  seed: number
  out: string
}

const program = new Command('reproduce').description('Makes tables of the papers anew, with the baselines beside them.')
program
  .command('codes')
  .description(`Every code on LeNet5 and MNIST, (N, K) = (100, 20), ${STRAGGLERS.join(', ')} stragglers.`)
  .option(
    '--data <folder>',
    "holds MNIST's four .gz files under data/mnist or mnist; else SPLINEMESH_DATA; else they are downloaded",
    process.env.SPLINEMESH_DATA || undefined
  )
  .option('--groups <n>', 'test groups of 20 images', within(2, 500), 200)
  .option('--seed <n>', 'draws groups, stragglers and liars', within(0, 2 ** 31 - 1), 1)
  .option('--out <folder>', 'where the figures go', path.join('results', 'reproduce'))
  .action(codes)

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof Error ? `reproduce: ${error.name}: ${error.message}` : error)
  process.exitCode = 1
}

async function codes({ data, groups, seed, out }: CodesOptions): Promise<void> {
  const startedAt = new Date()
  const mnist = await readMnist(data)
  if (mnist === undefined) {
    console.log('skipped: MNIST cannot be downloaded from here; give a folder that has it by --data or SPLINEMESH_DATA')
    return
  }
  const figures = await codesFigures(mnist, { groups, seed }, line => console.error(line))
  const file = path.join(out, 'codes.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify({ figures, environment: await environment(startedAt) }, undefined, 2)}\n`)
  console.log(`${codesTable(figures)}\nfigures: ${file}`)
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
