import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { readable } from '../../../nodes/cli/answer.ts'
import { answerJson } from '../../../nodes/cli/answer-json.ts'
import { answerText } from '../../../nodes/cli/answer-text.ts'
import { traceText } from '../../../nodes/cli/trace.ts'
import type { GroupReport, Outcome, TaskReport } from '../../../src/inference/index.ts'
import { Tensor } from '../../../src/tensor/index.ts'

const model = { id: 'id', name: 'model', signature: { inputs: [], outputs: [] } }

function task(index: number, status: TaskReport['status']): TaskReport {
  return { index, role: 'coded', queries: [], worker: `worker-${index}`, bytes: 4, submittedAt: 0, endedAt: 5, status }
}

const group: GroupReport = {
  group: 1,
  code: 'nercc',
  k: 2,
  n: 3,
  model: 'id',
  startedAt: 0,
  deadlineAt: 100,
  endedAt: 9,
  stop: 'quality',
  survivors: [0, 2],
  tasks: [task(0, 'result'), task(1, 'wrong'), task(2, 'result')]
}

const outcomes: Outcome[] = [0.97, 0.41].map(agreement => ({
  status: 'reconstructed',
  source: 'decoded',
  output: Tensor.float32([3, 1], [1, 2]),
  group: 1,
  expected: { error: 1, agreement },
  ...(agreement < 0.9 && { belowQuality: true })
}))

const answer = readable({ final: true, outcomes, groups: [group] }, ['a.png', 'b.png'], model, {
  output: 'logits',
  top: 1
})

describe('an answer that is shown', () => {
  it('says which predictions are less than was asked, in text and JSON', () => {
    const [, first, second] = stripVTControlCharacters(answerText(answer)).split('\n')
    assert.match(first, /reconstructed, agreement 0.970$/)
    assert.match(second, /reconstructed, agreement 0.410, less than asked$/)
    const json = JSON.parse(answerJson(answer))
    assert.deepEqual(
      json.outcomes.map((outcome: { belowQuality?: boolean }) => outcome.belowQuality),
      [undefined, true]
    )
  })

  it('names the workers whose results were left out, and why the group stopped', () => {
    const trace = stripVTControlCharacters(traceText(answer.groups))
    assert.match(trace, /worker-1 .* wrong, left out/)
    assert.match(trace, /2 of 3 results in: every prediction is exact or as good as was asked \(quality\)$/)
  })
})
