import { availableParallelism, totalmem } from 'node:os'
import { styleText } from 'node:util'
import type { Command } from 'commander'
import { EXIT } from './exit-codes.ts'
import type { Check, Finding } from './finding.ts'
import { type FleetOptions, withFleetOptions } from './fleet-options.ts'
import { names } from './options.ts'

interface DoctorOptions extends FleetOptions {
  ep?: string[] | true
  peer?: string[]
  json?: true
}

const EXAMPLES = `
Examples:
  $ splinemesh doctor
  $ splinemesh doctor --ep                # execution providers only, all that ONNX Runtime knows here
  $ splinemesh doctor --ep cuda,cpu       # those that serve would be given
  $ splinemesh doctor --peer <multiaddr>  # why is that peer not reached?

Exit code 1 if something that was asked for does not work.`

export function defineDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('Look at what this machine can do, and say what to do about what it cannot.')
    .option('--ep [names]', 'look at execution providers only; with names, at these in order of preference', names)
    .option('--peer <multiaddr...>', 'look at peers only: can they be reached, by which way, and what are they?')
  withFleetOptions(command)
    .option('--json', 'print the findings as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(doctor)
}

async function doctor({ json, ...options }: DoctorOptions): Promise<void> {
  const findings: Finding[] = []
  for (const check of checksOf(options)) {
    const found = await check()
    findings.push(...found)
    if (!json) {
      console.log(found.map(lines).join('\n'))
    }
  }
  if (json) {
    console.log(JSON.stringify({ findings }))
  }
  if (findings.some(({ status }) => status === 'problem')) {
    process.exitCode = EXIT.incomplete
  }
}

function checksOf({ ep, peer, ...fleet }: DoctorOptions): Check[] {
  if (peer !== undefined) {
    return [
      async () => {
        const { checkPeers } = await import('./check-peers.ts')
        return checkPeers({ peer, ...fleet })
      }
    ]
  }
  const providers: Check = async () => {
    const { checkProviders } = await import('./check-providers.ts')
    return checkProviders(ep === true ? undefined : ep)
  }
  const network: Check = async () => {
    const { checkNetwork } = await import('./check-network.ts')
    return checkNetwork()
  }
  return ep === undefined ? [checkMachine, network, providers] : [providers]
}

async function checkMachine(): Promise<Finding[]> {
  const { version, platform, arch } = process
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory`
  const finding = `Node ${version} on ${platform} ${arch}, ${availableParallelism()} cores, ${memory}`
  return [{ about: 'machine', status: 'ok', finding }]
}

const MARKS = { ok: styleText('green', '✔'), note: styleText('yellow', '!'), problem: styleText('red', '✘') }

function lines({ about, status, finding, todo }: Finding): string {
  const first = `${MARKS[status]} ${styleText('bold', about.padEnd(9))} ${finding}`
  return todo === undefined ? first : `${first}\n${' '.repeat(12)}${styleText('dim', `→ ${todo}`)}`
}
