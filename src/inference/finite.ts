import { allFinite, type Tensor } from '../tensor/index.ts'
import { NotFiniteError } from './errors.ts'

/** @throws {NotFiniteError} it holds NaN or an infinity */
export function assertFinite(tensor: Tensor, what: string): void {
  if (!allFinite(tensor)) {
    throw new NotFiniteError(`${what} holds NaN or an infinity`)
  }
}
