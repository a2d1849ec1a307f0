import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bins, LEAST, reliabilityPlot } from '../../scripts/reproduce/reliability.ts'

/** So many predictions of one confidence, of which a share agrees. */
function predictions(count: number, confidence: number, share: number) {
  return Array.from({ length: count }, (_, i) => ({ confidence, agrees: i < share * count }))
}

describe('bins of confidence', () => {
  it('hold predictions of about the same confidence, how sure they were and how often they agree', () => {
    const all = [...predictions(LEAST, 0.25, 0.5), ...predictions(2 * LEAST, 0.75, 0.75)]
    assert.deepEqual(bins(all), [
      { predictions: LEAST, confidence: 0.25, agreement: 0.5 },
      { predictions: 2 * LEAST, confidence: 0.75, agreement: 0.75 }
    ])
  })

  it('are joined with the next where they hold too few, and the last with that before it', () => {
    const all = [...predictions(10, 0.05, 0), ...predictions(LEAST, 0.5, 0.5), ...predictions(10, 1, 1)]
    const [only, ...others] = bins(all)
    assert.deepEqual([only.predictions, others], [LEAST + 20, []])
    assert.deepEqual(bins(predictions(LEAST - 1, 0.5, 0.5)), [])
  })
})

describe('the reliability plot', () => {
  it('has a square for each decoder and number of stragglers, with a dot for each bin', () => {
    const cell = (stragglers: number | 'mixed') => ({
      stragglers,
      predictions: 3 * LEAST,
      agreement: 0.7,
      confidence: 0.7,
      bins: bins([...predictions(LEAST, 0.25, 0.25), ...predictions(2 * LEAST, 0.75, 0.75)]),
      gap: 0,
      errorRatios: [1, 1, 1]
    })
    const settings = { n: 8, k: 4, calibrationGroups: 1, testGroups: 1, setsPerGroup: 1, seed: 1 }
    const plans = [{ title: 'covariance & chords', cells: [cell(4), cell('mixed')] }]
    const svg = reliabilityPlot('a model', { settings, plans })
    assert.equal(svg.match(/<circle /g)?.length, 4)
    assert.match(svg, /4 stragglers.*any stragglers.*covariance &amp; chords/s)
  })
})
