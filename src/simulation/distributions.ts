import type { Random } from '../chance/index.ts'

/** Exponential, of this mean. */
export function exponential(mean: number, chance: Random): number {
  return -mean * Math.log(1 - chance())
}

/** Normal, of mean 0 and variance 1 (Box and Muller). */
export function normal(chance: Random): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}

/** Log-normal, of mean 1: exp(σz − σ²/2). */
export function logNormal(sigma: number, chance: Random): number {
  return sigma === 0 ? 1 : Math.exp(sigma * normal(chance) - (sigma * sigma) / 2)
}

/** Pareto: at least `scale`, above x with probability (scale/x)^shape. */
export function pareto(scale: number, shape: number, chance: Random): number {
  return scale * (1 - chance()) ** (-1 / shape)
}
