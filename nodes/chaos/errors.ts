/** The processes of a real run cannot go on, or the scenario asks for what only the simulator can do. */
export class RealFleetError extends Error {
  override readonly name = 'RealFleetError'
  readonly code = 'ERR_REAL_FLEET'
}
