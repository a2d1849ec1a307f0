import type { GroupOutcome, OutcomesOf } from './outcome.ts'
import { type FleetFacts, meanShare, stragglersAmong } from './stragglers.ts'

/** What to expect of the predictions of full groups. Means over groups and stragglers; a lost query counts as a guess. */
export interface Forecast {
  /** The share that is the model's own result. */
  exact: number
  /** P(no query of a group is lost). */
  complete: number
  /** For classifiers: the share whose class is the one that the model itself gives. */
  agreement?: Worth
  /**
   * For classifiers: what it costs to take these classes in place of the model's own, by the model's probabilities; 1 − 1/C for a guess
   * among C classes. Where that was not measured it is what is missing of the agreement.
   */
  regret?: Worth
  /** For classifiers with labels: the share whose class is right. */
  accuracy?: Worth
  /** ‖p − f‖² summed over outputs, in the output's own units; logits without their class mean. */
  mse: Worth
}

export interface Worth {
  /** Over all predictions. */
  overall: number
  /** Over those that are not exact; absent where all are. */
  degraded?: number
}

/** What a model's own result, and a guess in place of a lost one, are worth. */
export interface Bounds {
  /** ‖c − f‖² of a guess that says the mean c, as `mse` of {@link Forecast}. */
  guessMse: number
  /** For classifiers: how many there are. */
  classes?: number
  /** For classifiers with labels: the share that the model itself has right. */
  ownAccuracy?: number
}

/** How many coded queries of a group need not be answered: the mean of what straggles, and never all. */
export function plannedStragglers(n: number, fleet: FleetFacts): number {
  return Math.min(n - 1, Math.round(n * meanShare(fleet)))
}

/**
 * @param workers that a group is sent to
 * @param planned the master stops when no more of them owe a result, if no query is lost then
 */
export function forecast(
  outcomesOf: OutcomesOf,
  { workers, planned, fleet }: { workers: number; planned: number; fleet: FleetFacts },
  bounds: Bounds
): Forecast {
  const cases = stragglersAmong(workers, fleet).flatMap((probability, straggling) =>
    probability === 0
      ? []
      : atStop(outcomesOf, straggling, planned).map(each => ({ ...each, probability: each.probability * probability }))
  )
  const mean = (of: (outcome: GroupOutcome) => number): number =>
    cases.reduce((sum, { probability, outcome }) => sum + probability * of(outcome), 0)
  const exact = mean(outcome => outcome.exact)
  const degraded = mean(outcome => 1 - outcome.exact)
  const worth = (
    own: number,
    guess: number,
    of: (one: NonNullable<GroupOutcome['reconstructed']>) => number | undefined
  ): Worth => {
    const rest = mean(({ exact, lost, reconstructed }) => {
      const share = Math.max(0, 1 - exact - lost)
      return lost * guess + share * ((reconstructed && of(reconstructed)) ?? guess)
    })
    return { overall: exact * own + rest, degraded: degraded > 1e-12 ? rest / degraded : undefined }
  }
  const { guessMse, classes, ownAccuracy } = bounds
  return {
    exact,
    complete: mean(outcome => outcome.complete),
    mse: worth(0, guessMse, ({ mse }) => mse),
    agreement: classes === undefined ? undefined : worth(1, 1 / classes, ({ agreement }) => agreement),
    regret:
      classes === undefined
        ? undefined
        : worth(0, 1 - 1 / classes, ({ regret, agreement = 0 }) => regret ?? 1 - agreement),
    accuracy:
      classes === undefined || ownAccuracy === undefined
        ? undefined
        : worth(ownAccuracy, 1 / classes, ({ accuracy }) => accuracy)
  }
}

/** The master waits for no more than it has to, where that gives every prediction. */
function atStop(outcomesOf: OutcomesOf, straggling: number, planned: number): ReturnType<OutcomesOf> {
  const stopped = outcomesOf(Math.max(straggling, planned))
  return stopped.every(({ outcome }) => outcome.complete === 1) ? stopped : outcomesOf(straggling)
}
