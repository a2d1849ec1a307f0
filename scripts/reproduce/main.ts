/**
 * Makes the tables of the papers anew: each as a subcommand, which prints it and writes its figures as JSON. See
 * docs/reproduce.md.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { environment } from '../../nodes/index.ts'
import { advisorFigures } from './advisor.ts'
import { advisorTable } from './advisor-table.ts'
import { codesFigures } from './codes.ts'
import { confidenceFigures } from './confidence.ts'
import { MissingDataError } from './errors.ts'
import type { Dataset } from './images.ts'
import { CELLS, hasTrained, learnedFigures, sizeOf } from './learned.ts'
import { learnedTable } from './learned-table.ts'
import { type Network, type NetworkName, networks } from './networks.ts'
import { reliabilityPlot } from './reliability.ts'
import { sideFigures } from './side-information.ts'
import { sideTable } from './side-table.ts'
import { studentFigures } from './student.ts'
import { codesTable, confidenceTable, studentTable } from './table.ts'

interface Options {
  data?: string
  network: NetworkName[]
  seed: number
  out: string
}

/** What is printed, and what is written beside the environment it was made in. */
interface Made {
  text: string
  figures: unknown
  /** Times, which no two runs share. */
  seconds?: Record<string, number>
}

const SIZES = [...new Set(CELLS.map(sizeOf))]

const program = new Command('reproduce').description('Makes tables of the papers anew, with the baselines beside them.')
subcommand('codes', `Every code on ${Object.values(networks).map(describe).join('; ')}.`)
  .option('--groups <n>', 'test groups; default: 200 of MNIST, 150 of the others', within(2, 500))
  .action((options: Options & { groups?: number }) =>
    tables('codes', options, async (network, dataset) => {
      const { seed, groups = network.groups.test } = options
      const figures = await codesFigures(network, dataset, { groups, seed, progress })
      return { figures, text: codesTable(network, figures) }
    })
  )
subcommand('advisor', 'What the advisor expects of plans, beside what test images say, and what it recommends.').action(
  (options: Options) =>
    tables('advisor', options, async (network, dataset) => {
      const figures = await advisorFigures(network, dataset, { seed: options.seed, progress })
      return { figures, text: advisorTable(network, figures) }
    })
)
subcommand('confidence', 'How likely the profile says each prediction has the model’s own class, and how often it has.')
  .option('--groups <n>', 'test groups; default: as many as there are test images for, at most 500', within(2, 500))
  .action((options: Options & { groups?: number }) =>
    tables('confidence', options, async (network, dataset) => {
      const most = Math.floor(dataset.test.pixels.length / network.k)
      const { seed, groups = Math.min(500, most) } = options
      const figures = await confidenceFigures(network, dataset, { groups, seed, progress })
      const file = path.join(options.out, `confidence-${network.name}.svg`)
      await writeFile(file, reliabilityPlot(network.title, figures))
      return { figures, text: `${confidenceTable(network, figures)}\nplot: ${file}` }
    })
  )
subcommand('student', 'A student fitted in closed form to what the deployed model says of unlabelled images.')
  .option('--queries <n>', 'images that it is fitted to', within(1000, 60_000), 5000)
  .option('--patches <n>', 'its features are responses to so many', within(1, 1000), 240)
  .action((options: Options & { queries: number; patches: number }) =>
    tables('student', options, async (network, dataset) => {
      const file = path.join(options.out, `student-${network.name}.onnx`)
      const { figures, seconds } = await studentFigures(dataset, { ...options, file })
      return { figures, seconds, text: studentTable(network, figures, seconds) }
    })
  )
subcommand('side-information', 'A student that the master runs, beside copies: what it is worth, and each part of it.')
  .option('--groups <n>', 'test groups', within(2, 1000), 200)
  .action((options: Options & { groups: number }) =>
    tables('side-information', options, async (network, dataset) => {
      const { data: folder, seed, groups, out } = options
      const file = path.join(out, `side-student-${network.name}.onnx`)
      const figures = await sideFigures(network, dataset, { folder, file, seed, groups })
      return { figures, text: sideTable(network, figures) }
    })
  )
subcommand('learned', 'ParM, mosaics and Coded-InvNet that were trained, beside copies, codes and a backup model.')
  .option('--queries <n>', 'test images in groups of each size', within(20, 10_000), 1000)
  .addOption(new Option('--sizes <K,N...>', 'groups of which sizes').choices(SIZES).default(SIZES, 'all of the table'))
  .option(
    '--no-beside',
    'leave out codes, the backup model and what the advisor recommends, which take most of the time'
  )
  .option('--trainings <folder...>', 'further trainings of the same, as scripts/models wrote them with other seeds', [])
  .action((options: Options & { queries: number; sizes: string[]; beside: boolean; trainings: string[] }) =>
    tables('learned', { ...options, network: options.network.filter(hasTrained) }, async (network, dataset) => {
      const student = path.join(options.out, `learned-student-${network.name}.onnx`)
      const figures = await learnedFigures(dataset, { ...options, network: network.name, student, progress })
      return { figures, text: learnedTable(network, figures) }
    })
  )

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof Error ? `reproduce: ${error.name}: ${error.message}` : error)
  process.exitCode = 1
}

function subcommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .addOption(
      new Option('--network <name...>', 'which networks')
        .choices(Object.keys(networks))
        .default(Object.keys(networks), 'those whose data are there')
    )
    .option(
      '--data <folder>',
      'holds the data, as docs/reproduce.md says; else SPLINEMESH_DATA; MNIST alone can be downloaded without',
      process.env.SPLINEMESH_DATA || undefined
    )
    .option('--seed <n>', 'draws all that is drawn by chance', within(0, 2 ** 31 - 1), 1)
    .option('--out <folder>', 'where the figures go', path.join('results', 'reproduce'))
}

/** Makes a table of each network that was asked for and whose data are there. */
async function tables(
  name: string,
  options: Options,
  make: (network: Network, dataset: Dataset) => Promise<Made>
): Promise<void> {
  await mkdir(options.out, { recursive: true })
  for (const each of options.network) {
    const startedAt = new Date()
    const network = networks[each]
    const dataset = await readOrSkip(network, options.data)
    if (dataset === undefined) continue
    const { text, figures, seconds } = await make(network, dataset)
    const file = path.join(options.out, `${name}-${each}.json`)
    const written = { figures, environment: { ...(await environment(startedAt)), seconds } }
    await writeFile(file, `${JSON.stringify(written, undefined, 2)}\n`)
    console.log(`${text}\nfigures: ${file}\n`)
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

function progress(line: string): void {
  console.error(line)
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
