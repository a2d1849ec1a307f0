import { readFile } from 'node:fs/promises'
import { multiplyAdds } from '../../nodes/index.ts'

/** Multiply-adds of a model on one query, or on so many. */
export async function macsOf(file: string, rows = 1): Promise<number> {
  const products = await multiplyAdds(await readFile(file), rows)
  return [...products.values()].reduce((sum, each) => sum + each, 0)
}
