import { type Model, parseModelId } from '../src/models/index.ts'
import { AmbiguousModelError } from './errors.ts'

/**
 * The model meant by `asked`, a model id (also as a CID), a name, or `name@` and an id or its first digits, among those that workers
 * serve.
 *
 * @returns `undefined` if none does
 * @throws {AmbiguousModelError} different models fit
 */
export function servedModel(
  workers: Iterable<{ readonly models: readonly Model[] }>,
  asked: string
): Model | undefined {
  const fitting = new Map<string, Model>()
  for (const { models } of workers) {
    for (const model of models) {
      if (isMeant(model, asked)) {
        fitting.set(model.id, model)
      }
    }
  }
  if (fitting.size > 1) {
    const choices = [...fitting.values()].map(({ name, id }) => `${name}@${id.slice(0, 12)}`).sort()
    throw new AmbiguousModelError(
      `workers serve ${fitting.size} different models as '${asked}': say which, ${choices.join(' or ')}`
    )
  }
  return fitting.values().next().value
}

/** Is this model meant by `asked`? */
export function isMeant({ id, name }: Pick<Model, 'id' | 'name'>, asked: string): boolean {
  const [wanted, digits = ''] = asked.split('@')
  return parseModelId(asked) === id || (name === wanted && id.startsWith(parseModelId(digits) ?? digits))
}
