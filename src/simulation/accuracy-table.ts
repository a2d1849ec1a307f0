import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'
import { record } from './fault.ts'
import type { ScenarioPlan } from './scenario.ts'

const share = Type.Number({ minimum: 0, maximum: 1 })

const tableSchema = record({
  model: Type.String(),
  data: Type.String({ description: 'on what it was measured' }),
  command: Type.String({ description: 'what measures it again' }),
  accuracy: share,
  reconstructed: Type.Array(
    record({
      code: Type.String(),
      k: Type.Integer(),
      n: Type.Integer(),
      layout: Type.Optional(Type.String()),
      bySurvivors: Type.Array(
        record({ survivors: Type.Integer({ minimum: 1 }), accuracy: share, predictions: Type.Integer() })
      )
    })
  )
})

/** What {@link AccuracyTable} is made from: accuracy of the model itself, and of reconstructed predictions by plan and survivors. */
export type MeasuredAccuracy = Static<typeof tableSchema>

/** How accurate the predictions of a model were when it was measured. */
export interface AccuracyTable {
  readonly measured: MeasuredAccuracy
  accuracy(status: 'exact' | 'reconstructed', plan: ScenarioPlan, survivors: number): number | undefined
}

/** The file is not a table of accuracies. */
export class AccuracyTableError extends Error {
  override readonly name = 'AccuracyTableError'
  readonly code = 'ERR_ACCURACY_TABLE'
}

const ajv = new Ajv()
const validate = ajv.compile<MeasuredAccuracy>(tableSchema)

/** @throws {AccuracyTableError} it is none, or does not say what it should */
export function accuracyTable(measured: unknown): AccuracyTable {
  if (!validate(measured)) {
    throw new AccuracyTableError(`not a table of accuracies: ${ajv.errorsText(validate.errors, { dataVar: 'table' })}`)
  }
  const reconstructed = new Map<string, number>()
  for (const { code, k, n, layout, bySurvivors } of measured.reconstructed) {
    for (const { survivors, accuracy } of bySurvivors) {
      reconstructed.set(keyOf({ code, k, n, layout }, survivors), accuracy)
    }
  }
  return {
    measured,
    accuracy: (status, plan, survivors) =>
      status === 'exact' ? measured.accuracy : reconstructed.get(keyOf(plan, survivors))
  }
}

function keyOf(
  { code, k, n, layout = 'paper' }: Pick<MeasuredAccuracy['reconstructed'][0], 'code' | 'k' | 'n' | 'layout'>,
  survivors: number
): string {
  return [code, layout, k, n, survivors].join(' ')
}
