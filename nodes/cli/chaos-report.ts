import type { ChaosReportOptions } from './chaos.ts'
import { write } from './chaos-action.ts'
import { type ChaosResults, reportHtml } from './chaos-html.ts'
import { InputFileError } from './errors.ts'
import { readText } from './profiles.ts'

/** Makes one page of the figures in some files. */
export async function report(files: readonly string[], { out }: ChaosReportOptions): Promise<void> {
  const results = await Promise.all(files.map(readResults))
  const scenarios = results.flatMap(({ scenarios }) => scenarios)
  await write(out, reportHtml({ environment: results[0].environment, scenarios }))
  console.log(out)
}

async function readResults(file: string): Promise<ChaosResults> {
  const text = await readText(file, 'figures')
  try {
    const results: ChaosResults = JSON.parse(text)
    if (results.environment !== undefined && results.scenarios.length > 0) {
      return results
    }
  } catch (cause) {
    throw new InputFileError(`${file} is no JSON: ${cause}`, { cause })
  }
  throw new InputFileError(`${file} has no figures: give one that splinemesh chaos run --out wrote`)
}
