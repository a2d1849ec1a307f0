import { type Command, Option } from 'commander'
import { codes, type OrderKind, type Outputs } from '../../src/codes/index.ts'
import { decimal, decimals, names, type PeerOptions, positive, whole, wholes, withPeerOptions } from './options.ts'

/** What was asked for, as commander hands it over. */
export interface CalibrateCommandOptions extends PeerOptions {
  model: string
  data: string
  labels?: string
  k?: number[]
  n?: number[]
  code: string[]
  parity?: string[]
  student?: string | true
  mosaic?: string
  description?: true
  exits?: number[] | true
  encoder?: string
  concatenate?: true
  lambdaEncode?: number
  lambdaDecode?: number
  degree?: number
  systematic?: true | 'also'
  order: OrderKind
  groups: number
  seed: number
  output?: string
  outputs?: Outputs
  threads: number
  out?: string
  json?: true
}

const EXAMPLES = `
The data are queries like those that will be asked, at least 4k, and not those that the model was trained on. They are split
by chance: what is learned or chosen on is never scored. Lists of k, n and code make a plan of each combination; infer takes the
one that fits its options. The model runs on this machine, or with --peer or --mdns on workers.

Examples:
  $ splinemesh calibrate --model lenet5.onnx --data x.npy --k 20 --n 100
  $ splinemesh calibrate --model lenet5.onnx --data x.npy --labels y.npy --k 4 --n 12 --systematic --out four.profile.json
  $ splinemesh calibrate --model lenet5.onnx --data x.npy --k 20 --n 40,60,100 --code nercc,bacc --systematic also
  $ splinemesh calibrate --model lenet5 --data x.npy --k 20 --n 100 --peer <multiaddr>...
  $ splinemesh calibrate --model lenet5.onnx --data x.npy --k 2 --parity parity-k2.onnx --output softmax
  $ splinemesh calibrate --model lenet5.onnx --data x.npy --student
  $ splinemesh calibrate --model resnet20.onnx --data x.npy --description
  $ splinemesh calibrate --model resnet20.onnx --data x.npy --exits
  $ splinemesh infer --model lenet5 --input queries.npy --profile lenet5.profile.json --peer <multiaddr>...`

export function defineCalibrate(program: Command): void {
  const mixing = Object.values(codes).filter(({ systematic }) => !systematic)
  const command = program
    .command('calibrate')
    .description('Learn how to decode a model under a code, and measure what its predictions are worth.')
    .requiredOption('--model <model>', 'the .onnx file; with workers also name, name@first digits of its id, or id')
  withPeerOptions(command, '5s')
    .requiredOption('--data <file.npy>', 'queries; the first axis counts them')
    .option('--labels <file.npy>', 'the true class of each, to measure accuracy too')
    .option('--k <n,...>', 'queries in a group; not with --student, --description or --exits', wholes)
    .option('--n <n,...>', 'coded queries of a group; for codes alone', wholes)
    .addOption(
      new Option('--code <name,...>', `of ${mixing.map(({ name }) => name).join(', ')}`)
        .argParser(names)
        .default(['nercc'], 'nercc')
    )
    .option('--parity <file...>', 'parity models (.onnx) of groups of k: learn what they are worth, on this machine')
    .option('--student [file]', 'fit a student to the data, or take a small model (.onnx), and learn what it is worth')
    .option('--encoder <file>', 'with --parity: a model (.onnx) that makes the parity query of k queries')
    .option('--concatenate', 'with --parity: the k queries are images, tiles of one parity query')
    .option('--description', 'have the model describe several shrunk queries in one run, if that is better than copies')
    .option(
      '--exits [share,...]',
      'give the model exits at about these shares of its work, and learn what is said there (default: a third, two thirds)',
      decimals
    )
    .option('--mosaic <file>', 'a description model (.onnx) of k queries in one image: learn what it is worth')
    .option('--lambda-encode <x>', "nercc's smoothing of the encoder (default: the best of a few)", decimal)
    .option('--lambda-decode <x>', "nercc's smoothing of its own decoder (default: the best of a few)", decimal)
    .option('--degree <n>', 'for lagrange: the model is a polynomial of this degree (default: 1)', positive)
    .addOption(
      new Option(
        '--systematic [also]',
        'the first k coded queries are the queries themselves (nercc, bacc, lagrange); also: besides the layout in which they are not'
      ).choices(['also'])
    )
    .addOption(
      new Option('--order <kind>', 'of the queries in a group before they are mixed')
        .choices(['none', 'pca', 'path'])
        .default('path')
    )
    .option('--groups <n>', 'groups to learn from; half as many more to choose on and to score', positive, 150)
    .option('--seed <n>', 'of all chance: the same seed gives the same profile', whole, 1)
    .option('--output <name>', "the model's output to decode (default: logits if there is one, else the first)")
    .addOption(
      new Option('--outputs <kind>', 'what that output is (default: told by its name, its values and labels)').choices([
        'logits',
        'probabilities',
        'values'
      ])
    )
    .option('--threads <n>', 'threads that run the model, where no workers do', positive, 1)
    .option(
      '--out <file>',
      "where to write the profile (default: the model's file name, with .profile.json or .parity-k<k>.json, .mosaic-k<k>.json)"
    )
    .option('--json', 'print JSON: the profile without its moments, and all scores')
    .addHelpText('after', EXAMPLES)
    .action(async (options: CalibrateCommandOptions) => {
      // Help and bad usage need none of what this imports.
      const { calibrate } = await import('./calibrate-action.ts')
      await calibrate(options)
    })
}
