import { type Command, InvalidArgumentError, Option } from 'commander'
import ms, { type StringValue } from 'ms'
import type { Hedge } from '../../src/inference/index.ts'
import { UsageError } from './errors.ts'
import { type FleetOptions, withFleetOptions } from './fleet-options.ts'

/** `500ms`, `2s`, or a plain number of milliseconds. */
export function duration(text: string): number {
  if (!isDuration(text)) {
    throw new InvalidArgumentError('Give a time such as 500ms, 2s or 1m.')
  }
  return ms(text)
}

function isDuration(text: string): text is StringValue {
  return /^\d+(\.\d+)?(ms|s|m|h)?$/.test(text)
}

/** A time, or a percentile such as `p95`. */
export function lateness(text: string): Hedge['after'] {
  return /^p\d+(\.\d+)?$/.test(text) ? `p${Number(text.slice(1))}` : duration(text)
}

/** A whole number; which ones make sense is judged where it is used. */
export function whole(text: string): number {
  if (!/^-?\d+$/.test(text)) {
    throw new InvalidArgumentError('Give a whole number.')
  }
  return Number(text)
}

/** `40`, or several: `40,60,100`. */
export function wholes(text: string): number[] {
  return text.split(',').map(whole)
}

export function positive(text: string): number {
  const value = whole(text)
  if (value < 1) {
    throw new InvalidArgumentError('Give a whole number of at least 1.')
  }
  return value
}

/** A TCP port; 0 stands for any that is free. */
export function port(text: string): number {
  const value = whole(text)
  if (value < 0 || value > 65_535) {
    throw new InvalidArgumentError('Give a port from 0 to 65535.')
  }
  return value
}

export function decimal(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('Give a number such as 0.001.')
  }
  return value
}

/** A share below 1, or a whole number of workers. */
export function stragglers(text: string): number {
  const value = decimal(text)
  if (value < 0 || (value >= 1 && !Number.isInteger(value))) {
    throw new InvalidArgumentError('Give a share such as 0.2, or a whole number of workers.')
  }
  return value
}

/** Times in ms within which half, and ninety-nine in a hundred, of the tasks of a worker are answered. */
export interface Latency {
  p50: number
  p99: number
}

/** `20ms,150ms`: the median, and the 99th percentile. */
export function latency(text: string): Latency {
  const [p50, p99, ...more] = text.split(',').map(duration)
  if (p99 === undefined || more.length > 0 || !(p50 > 0 && p99 > p50)) {
    throw new InvalidArgumentError('Give the median and a longer 99th percentile, such as 20ms,150ms.')
  }
  return { p50, p99 }
}

/** `0.5`, or one for each channel: `0.485,0.456,0.406`. */
export function decimals(text: string): number[] {
  return text.split(',').map(decimal)
}

export function names(text: string): string[] {
  return text.split(',').map(name => name.trim())
}

export interface Size {
  width: number
  height: number
}

/** `224x192` (width first), or `224` for a square. */
export function size(text: string): Size {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text)
  const width = Number(match?.[1])
  const height = Number(match?.[2] ?? width)
  if (!(width >= 1 && height >= 1)) {
    throw new InvalidArgumentError('Give a size in pixels such as 224 or 224x192 (width x height).')
  }
  return { width, height }
}

/** Where to look for workers. */
export interface PeerOptions extends FleetOptions {
  peer?: string[]
  mdns?: true
  dht?: true
  presence?: true
  wait: number
}

/** Adds the options of a command that asks workers. */
export function withPeerOptions(command: Command, wait: string): Command {
  const asking = command
    .addOption(
      new Option('--bootstrap, --peer <multiaddr...>', 'whole address of a worker, /p2p/<peer id> included; repeatable')
    )
    .option('--mdns', 'find workers on the local network by multicast')
    .option('--presence', 'hear of workers that the peers of --peer and --mdns hear of')
    .option('--dht', 'find workers by the content id of the model, in the table that --peer leads to')
    .addOption(
      new Option('--wait <time>', 'how long to look for workers at most')
        .argParser(duration)
        .default(duration(wait), wait)
    )
  return withFleetOptions(asking)
}

/** @throws {UsageError} there is nowhere to look */
export function checkPeerOptions({ peer = [], mdns }: PeerOptions): void {
  if (peer.length === 0 && mdns === undefined) {
    throw new UsageError('say where the workers are: --peer <multiaddr>, as splinemesh serve prints it, or --mdns')
  }
}
