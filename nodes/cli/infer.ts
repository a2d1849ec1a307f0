import { type Command, Option } from 'commander'
import { codes, type OrderKind } from '../../src/codes/index.ts'
import type { Hedge } from '../../src/inference/index.ts'
import type { Packing } from '../../src/tensor/index.ts'
import type { ImageOptions } from './images.ts'
import {
  decimal,
  decimals,
  duration,
  lateness,
  type PeerOptions,
  positive,
  size,
  stragglers,
  whole,
  withPeerOptions
} from './options.ts'
import { smallYoungGeneration } from './small-young-generation.ts'

/** What was asked for, as commander hands it over. */
export interface InferCommandOptions extends PeerOptions, ImageOptions {
  model: string
  input: string[]
  k?: number
  n?: number
  code?: string
  lambdaEncode?: number
  lambdaDecode?: number
  systematic?: boolean
  degree?: number
  order?: OrderKind
  features?: string
  profile?: string
  student?: string
  description?: string
  exits?: string
  parity?: string
  variants?: string
  stragglers?: number
  quality?: number
  maxWrong?: number
  hedge?: Hedge['after']
  hedgeBudget: number
  wire?: Packing
  deadline?: number
  output?: string
  onDeadline: 'answer' | 'fail'
  concurrency: number
  labels?: string
  top: number
  trace?: true
  save?: string
  json?: true
}

const EXAMPLES = `
Images are cut to the model's shape of image, and become (pixel / 255 - mean) / std in each channel.
The first axis of a .npy file counts queries.

Examples:
  $ splinemesh infer --model lenet5 --input 0.png 1.png 2.png 3.png --peer <multiaddr>
  $ splinemesh infer --model lenet5 --input x.npy --k 4 --n 12 --code nercc --stragglers 3 --deadline 500ms --peer <multiaddr>...
  $ splinemesh infer --model lenet5 --input x.npy --profile lenet5.profile.json --peer <multiaddr>...
  $ splinemesh infer --model lenet5 --input x.npy --profile lenet5.profile.json --code auto --stragglers 0.2 --mdns
  $ splinemesh infer --model lenet5 --input x.npy --parity parity-k2.json --peer <multiaddr>...
  $ splinemesh infer --model mobilenet.onnx --input cat.jpg --mean 0.5 --std 0.5 --labels labels.txt --top 3 --mdns
  $ splinemesh infer --model lenet5 --input x.npy --peer <multiaddr> --trace
  $ splinemesh infer --model lenet5 --input x.npy --peer <multiaddr> --json --save predictions.npy`

export function defineInfer(program: Command): void {
  const command = program
    .command('infer')
    .description('Ask workers for predictions, and print one for each query.')
    .requiredOption('--model <model>', 'name, name@first digits of its id, id, or the .onnx file itself')
    .requiredOption('--input <file...>', 'queries: .npy batches, or PNG and JPEG images')
  withPeerOptions(command, '5s')
    .option('--k <n>', 'queries in a group (default: 4)', whole)
    .option(
      '--n <n>',
      'coded queries of a group (default: as few as are enough in time, at most 2k; uncoded: k)',
      whole
    )
    .option('--code <name>', `${Object.keys(codes).join(', ')} (default: replication), or auto: as advise recommends`)
    .option('--lambda-encode <x>', "nercc's smoothing of the encoder", decimal)
    .option('--lambda-decode <x>', "nercc's smoothing of the decoder", decimal)
    .option('--degree <n>', 'for lagrange: the model is a polynomial of this degree (default: 1)', positive)
    .option('--systematic', 'the first k coded queries are the queries themselves (nercc, bacc, lagrange)')
    .option('--no-systematic', 'they are not: where a profile has plans of both kinds')
    .addOption(
      new Option('--order <kind>', 'of the queries in a group before they are mixed (default: none)').choices([
        'none',
        'pca',
        'path'
      ])
    )
    .option('--features <small.onnx>', 'order them by what this small model, run here, says of each; needs --order')
    .option('--variants <file>', 'builds of the model that may answer in one group, as their owner declares them')
    .option(
      '--profile <file>',
      'as splinemesh calibrate wrote it; its plan that fits the options says how to code and to decode'
    )
    .option('--student <file>', 'a small model that the master runs: its profile, its .onnx beside it')
    .option('--description <file>', 'profile of a model that workers serve and that answers several queries in a run')
    .option(
      '--exits <file>',
      "profile of a model's exits, as calibrate wrote it: workers say early what they see there"
    )
    .option('--parity <file>', 'profile of parity models, which workers serve beside the model: code parm')
    .option(
      '--stragglers <n>',
      'workers of a group that need not answer (default: (n - k) / 2); auto: of all, or a share',
      stragglers
    )
    .option('--quality <p>', 'wait until each prediction is exact or has this agreement; needs --profile', decimal)
    .option('--max-wrong <n>', 'results of a group that may be left out as wrong; needs --profile (default: 0)', whole)
    .option(
      '--hedge <after>',
      'send late tasks to a second worker: after 50ms, or after p95 of its answer times',
      lateness
    )
    .option('--hedge-budget <share>', 'second copies as a share of the tasks', decimal, 0.05)
    .addOption(
      new Option(
        '--wire <form>',
        'send float32 queries shorter, at some cost in accuracy (default: as they are)'
      ).choices(['float16', 'int8'])
    )
    .option('--deadline <time>', 'for each group (default: by what workers took so far; 1s at first)', duration)
    .addOption(
      new Option('--on-deadline <what>', 'then answer with what there is, or fail the group')
        .choices(['answer', 'fail'])
        .default('answer')
    )
    .option('--concurrency <n>', 'groups in progress at once', positive, 4)
    .option('--output <name>', "the model's output to decode (default: logits if there is one, else the first)")
    .option('--resize <size>', "size of images, 224x192 or 224 (default: the model's)", size)
    .addOption(
      new Option('--mean <x,...>', 'taken from pixels in 0..1; one number, or one a channel')
        .argParser(decimals)
        .default([0], '0')
    )
    .addOption(
      new Option('--std <x,...>', 'then divided by; one number, or one a channel').argParser(decimals).default([1], '1')
    )
    .addOption(
      new Option('--layout <layout>', "axes of images (default: as the model's shape has channels)").choices([
        'nchw',
        'nhwc'
      ])
    )
    .option('--labels <file>', 'names of the classes, a line each, class 0 first')
    .option('--top <n>', 'classes to print for each query', positive, 1)
    .option('--trace', 'show the slowest group: who got what, when, and who was waited for')
    .option('--save <file.npy>', 'write the predictions, one row a query; a row of NaN where there is none')
    .option('--json', 'print JSON; it has every group whole')
    .addHelpText('after', EXAMPLES)
    .action(async (options: InferCommandOptions) => {
      // Help and bad usage need none of what this imports.
      smallYoungGeneration()
      const { infer } = await import('./infer-action.ts')
      await infer(options)
    })
}
