import type { ChaosReportOptions } from './chaos.ts'
import { reportHtml } from './chaos-html.ts'
import { type ChaosResults, write } from './chaos-results.ts'
import { InputFileError } from './errors.ts'
import { readText } from './profiles.ts'

/** Makes one page of the figures in some files. */
export async function report(files: readonly string[], { out }: ChaosReportOptions): Promise<void> {
  const results = await Promise.all(files.map(readResults))
  const scenarios = results.flatMap(({ scenarios }) => scenarios)
  const fidelity = results.flatMap(({ fidelity }) => fidelity)
  const failures = results.flatMap(({ failures = [] }) => failures)
  await write(out, reportHtml({ environment: results[0].environment, scenarios, fidelity, failures }))
  console.log(out)
}

async function readResults(file: string): Promise<ChaosResults> {
  const text = await readText(file, 'figures')
  try {
    const results: ChaosResults = JSON.parse(text)
    if (results.environment !== undefined && results.scenarios.length + results.fidelity.length > 0) {
      return results
    }
  } catch (cause) {
    throw new InputFileError(`${file} is no JSON of figures: ${cause}`, { cause })
  }
  throw new InputFileError(`${file} has no figures: give one that splinemesh chaos run --out wrote`)
}
