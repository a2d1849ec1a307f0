import Type, { type Static } from 'typebox'
import { codes } from '../codes/index.ts'
import type { Millis } from '../inference/index.ts'
import { DEVICES, type DeviceName } from './device.ts'
import { faultSchema, millis, oneOf, record } from './fault.ts'

const name = Type.String({ pattern: '^[a-z0-9][a-z0-9.-]*$', description: 'small letters, digits, hyphens, dots' })
const count = (description: string) => Type.Integer({ minimum: 1, description })
const positive = (description: string) => Type.Number({ exclusiveMinimum: 0, description })

const machines = record({
  name,
  count: count('how many of them'),
  device: Type.Enum(Object.keys(DEVICES) as DeviceName[], { description: 'what they are; what follows overrides it' }),
  service: Type.Optional(positive('mean time of a run of a model of cost 1, in ms')),
  jitter: Type.Optional(Type.Number({ minimum: 0, description: 'σ of the log-normal factor of run times' })),
  latency: Type.Optional(millis('mean time on the network, one way')),
  latencyJitter: Type.Optional(Type.Number({ minimum: 0, description: 'σ of the log-normal factor of it; else 0' })),
  bandwidth: Type.Optional(positive('Mbit/s, each way')),
  memory: Type.Optional(positive('MB for tasks that wait'))
})

const asked = {
  length: positive('queries come for so long, in ms'),
  batch: Type.Optional(count('queries that come together; else 1'))
}

const workload = oneOf('arrivals', [
  record({
    arrivals: Type.Literal('closed'),
    ...asked,
    clients: count('each asks again when it has its answer'),
    think: Type.Optional(millis('how long it waits before'))
  }),
  record({ arrivals: Type.Literal('poisson'), ...asked, rate: positive('batches in a second') }),
  record({
    arrivals: Type.Literal('bursts'),
    ...asked,
    rate: positive('batches in a second between bursts'),
    burst: positive('batches in a second in a burst'),
    every: positive('from the start of a burst to that of the next, in ms'),
    lasts: positive('how long a burst lasts, in ms')
  }),
  record({
    arrivals: Type.Literal('trace'),
    ...asked,
    at: Type.Array(millis('when a batch comes'), { minItems: 1 }),
    every: Type.Optional(positive('then all of it again, from the start of one time to the next, in ms; else once'))
  })
])

const model = record({
  name,
  file: Type.Optional(
    Type.String({ description: 'the .onnx that really runs, from the folder of this file; else LeNet-5 of the digits' })
  ),
  cost: Type.Optional(positive('run times are those of the device times this; else 1')),
  input: Type.Optional(count('bytes of a query; else 4096')),
  output: Type.Optional(count('bytes of a prediction; else 40')),
  accuracy: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      description: 'profiles that say how accurate predictions are: files, from the folder of this one'
    })
  )
})

const plan = record({
  name: Type.Optional(Type.String({ description: 'else that of its code' })),
  code: Type.Enum(Object.values(codes).map(code => code.name)),
  k: count('queries in a group'),
  n: count('coded queries of a group'),
  layout: Type.Optional(Type.Enum(['paper', 'systematic'])),
  stragglers: Type.Optional(Type.Integer({ minimum: 0, description: 'results of a group that need not come' })),
  maxWrong: Type.Optional(Type.Integer({ minimum: 0, description: 'wrong results of a group that are looked for' })),
  student: Type.Optional(
    record({
      profile: Type.String({
        description: 'what is known of it, from the folder of this file, with its .onnx beside it'
      }),
      service: positive('how long the master takes to run it on a group when it is simulated, in ms'),
      learns: Type.Optional(
        Type.Literal(true, {
          description: 'it knows nothing at first, and learns from what workers answer; the profile says how well'
        })
      )
    })
  ),
  description: Type.Optional(
    record({
      profile: Type.String({
        description:
          'what is known of it, from the folder of this file, with its .onnx beside it, which all machines serve'
      })
    })
  ),
  exits: Type.Optional(
    record({
      profile: Type.String({ description: "what is known of the model's exits, from the folder of this file" })
    })
  ),
  parity: Type.Optional(
    record({
      profile: Type.String({
        description:
          'what is known of the parity model, or of the encoder of its queries, from the folder of this file, with its .onnx beside it'
      }),
      models: Type.Optional(
        Type.Array(Type.String(), {
          minItems: 2,
          description: 'the .onnx of each parity model, from the folder of this file, where there are several'
        })
      ),
      service: Type.Optional(
        positive('how long the master takes to run the encoder on a group when it is simulated, in ms')
      )
    })
  ),
  fewest: Type.Optional(
    Type.Boolean({ description: 'as few tasks as are enough leave at once, the others when they are late' })
  ),
  hedge: Type.Optional(
    record({
      after: Type.Unsafe<Millis | `p${number}`>({
        type: ['number', 'string'],
        minimum: 0,
        pattern: '^p[0-9]+([.][0-9]+)?$',
        description:
          'ms, or a percentile such as p95, after which a task is sent to a second worker too; 0: tied requests'
      }),
      budget: Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'second copies as a share of the tasks' })
    })
  )
})

/** A fleet, what is asked of it, what goes wrong, and the plans to compare. All times are in ms, from the start. */
export const scenarioSchema = record(
  {
    name,
    title: Type.String({ description: 'one sentence: what it shows' }),
    seed: Type.Optional(Type.Integer({ minimum: 0, description: 'of all chance; else 1' })),
    fleet: Type.Array(machines, { minItems: 1 }),
    workload,
    model,
    deadline: positive('of a query, in ms'),
    onDeadline: Type.Optional(Type.Enum(['answer', 'fail'])),
    plans: Type.Array(plan, { minItems: 1 }),
    faults: Type.Optional(Type.Array(faultSchema)),
    phases: Type.Optional(
      Type.Array(record({ name, at: millis('when it begins') }), {
        minItems: 1,
        description: 'figures are told apart by them; else before, during and after the faults'
      })
    )
  },
  'A scenario of splinemesh chaos'
)

export type Scenario = Static<typeof scenarioSchema>
export type Machines = Static<typeof machines>
export type Workload = Static<typeof workload>
export type ScenarioPlan = Static<typeof plan>
