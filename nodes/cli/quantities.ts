/** Numbers with their units, for people. */

export function millis(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  let unit = 0
  let value = count
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return unit === 0 ? `${count} B` : `${value.toPrecision(3)} ${units[unit]}`
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`
}

/** The value below which the share `q` of `values` lies: nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}

/** The end of a peer id: its beginning is the same for every key of a kind. */
export function shortPeer(id: string): string {
  return `…${id.slice(-8)}`
}

/** Cut in the middle, so that both a folder and a file name stay visible. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) {
    return text
  }
  const end = Math.floor((2 * (width - 1)) / 3)
  return `${text.slice(0, width - 1 - end)}…${text.slice(-end)}`
}
