import type { Network } from './networks.ts'
import type { SideFigures } from './side-information.ts'
import { percent, plain, withError } from './table.ts'

/** The figures, for people. */
export function sideTable(
  { title }: Network,
  { settings, student, descriptions, exits, cells, auto }: SideFigures
): string {
  const { groups, sets, testImages, seed } = settings
  const lines = [
    `${title}: ${groups} groups of ${testImages} test images × ${sets} straggler sets, seed ${seed}. The student, ` +
      `${student.title}, has ${(100 * student.share).toFixed(2)}% of the model's multiply-adds (${student.macs}) and gives ` +
      `its class for ${percent(student.agreement)} of them.`,
    descriptionsText(descriptions),
    `Exits, after so much of the model’s multiply-adds, and how often they name its class: ${exits
      .map(({ at, tested }) => `${(100 * at).toFixed(1)}%, ${percent(tested)}`)
      .join('; ')}.`,
    'RelAcc is accuracy over the model’s own, MSE ‖p − f‖² on softmax; each ± its standard error. Beyond: RelAcc less that of ' +
      'replication with as many workers more as the student and a rescue cost the master, in runs of the model.'
  ]
  for (const { k, n, stragglers, extra, lost, rows } of cells) {
    const grid = plain(['plan', 'workers', 'stragglers', 'RelAcc', 'MSE', 'beyond'], 1)
    for (const row of rows) {
      const figures = [withError(row.relAcc, 4), withError(row.mse, 4), withError(row.beyond, 4)]
      grid.push([row.method, row.workers, row.stragglers, ...figures])
    }
    lines.push(
      `(N, K) = (${n}, ${k}), S = ${stragglers}: the student costs ${(k * student.share).toFixed(2)} runs of the model a ` +
        `group, ${extra} extra workers; replication loses ${lost.toFixed(2)} queries of a group`,
      grid.toString()
    )
  }
  const { plans, keepUp } = auto
  lines.push(`The plan of auto is no more than a standard error below replication in ${keepUp} cells of ${plans}.`)
  return lines.join('\n')
}

function descriptionsText({ tried, best }: SideFigures['descriptions']): string {
  if (tried.length === 0) return 'Descriptions: none. The graph takes images of one size only.'
  const text = ({ view, together, head, agreement }: (typeof tried)[number]): string =>
    `${view.height}×${view.width} of ${(100 * view.seen).toFixed(1)}% of a side, ${together} a run, ${head} head: ` +
    `${(100 * agreement).toFixed(1)}%`
  const chosen = best
    ? `; taken: ${text(best)}, on test images ${percent(best.tested)}`
    : '; none is better than copies'
  return `Descriptions, and how often they name the model’s class: ${tried.map(text).join('; ')}${chosen}.`
}
