import Type, { type Static, type TProperties, type TSchema } from 'typebox'

/** An object without other fields than these. */
export function record<T extends TProperties>(properties: T, title?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(title && { title }) })
}

/** One of several records, told apart by the text in `tag`, so that an error is about the one that was meant. */
export function oneOf<T extends TSchema[]>(tag: string, records: [...T]) {
  return Type.Unsafe<Static<T[number]>>({
    type: 'object',
    required: [tag],
    discriminator: { propertyName: tag },
    oneOf: records
  })
}

export const millis = (description: string) => Type.Number({ minimum: 0, description: `${description}, in ms` })
const positive = (description: string) => Type.Number({ exclusiveMinimum: 0, description })
const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })

/** Everything that can go wrong with machines, network and master, in words. */
export const FAULTS = {
  slow: 'runs take longer, always by the same',
  'slow-exponential': 'runs take a shift and an exponential time longer',
  'slow-pareto': 'runs take a Pareto time longer: most little, a few very much',
  'slow-bimodal': 'some runs take longer, the others do not',
  'slow-episodes': 'a machine is slow for a while, then fast for a while (Markov)',
  'slow-thermal': 'runs take ever longer, up to the factor, as a machine gets hot',
  stall: 'tasks are accepted and never answered',
  fail: 'runs fail',
  crash: 'killed (SIGKILL), and started again at the end of its time',
  pause: 'frozen (SIGSTOP), and goes on (SIGCONT) at the end of its time',
  restart: 'stopped in good order, and started again',
  leave: 'says goodbye, and comes back at the end of its time',
  join: 'is not there before',
  churn: 'machines leave and come back, each by its own chance',
  'rolling-upgrade': 'one machine after the other is restarted',
  reset: 'the connection breaks, and is made again',
  partition: 'nothing gets through; it arrives once the network is whole again',
  bandwidth: 'a slower link',
  loss: 'packets get lost and are sent again 200 ms later, then 400 ms, and so on',
  drip: 'results trickle',
  wrong: 'results are wrong',
  lie: 'says that its runs took another time than they did',
  skew: 'its clock goes wrong',
  'master-crash': 'the master is killed with all that it was doing'
} as const

export type FaultKind = keyof typeof FAULTS

const target = record({
  machines: Type.Optional(Type.String({ description: 'the name of some machines of the fleet; else all machines' })),
  count: Type.Optional(Type.Integer({ minimum: 1, description: 'so many of them, drawn by chance' })),
  share: Type.Optional(share('so great a part of them, drawn by chance'))
})

const common = {
  at: Type.Optional(millis('when it starts; else at the start')),
  for: Type.Optional(millis('how long it lasts; else to the end')),
  on: Type.Optional(target),
  probability: Type.Optional(share('of each machine that is targeted to suffer it; else 1'))
}

function fault<const K extends FaultKind, T extends TProperties>(kind: K, properties: T) {
  return record({ kind: Type.Literal(kind), ...common, ...properties }, FAULTS[kind])
}

const slower = {
  factor: Type.Optional(positive('run times are multiplied by it')),
  add: Type.Optional(millis('and so much longer'))
}
const together = Type.Optional(Type.Boolean({ description: 'all its machines at the same moments' }))
const tasks = Type.Optional(share('of the tasks; else all'))

/** The same, as a scenario says it. */
export const faultSchema = oneOf('kind', [
  fault('slow', slower),
  fault('slow-exponential', {
    add: Type.Optional(millis('the shift')),
    mean: positive('mean of the exponential part, in ms')
  }),
  fault('slow-pareto', {
    scale: positive('the least that it takes longer, in ms'),
    shape: positive('the smaller, the heavier the tail; 1.5 is heavy')
  }),
  fault('slow-bimodal', {
    ...slower,
    share: share('of the runs')
  }),
  fault('slow-episodes', {
    ...slower,
    fast: positive('mean length of a fast while, in ms'),
    slow: positive('mean length of a slow while, in ms'),
    together
  }),
  fault('slow-thermal', {
    factor: positive('run times are multiplied by it in the end'),
    rise: positive('how long it takes to get there, in ms')
  }),
  fault('stall', { share: tasks }),
  fault('fail', { share: tasks }),
  fault('crash', {}),
  fault('pause', {}),
  fault('restart', { down: millis('how long it is away') }),
  fault('leave', {}),
  fault('join', {}),
  fault('churn', {
    every: positive('mean time between two leaves of a machine, in ms'),
    away: positive('mean time away, in ms')
  }),
  fault('rolling-upgrade', {
    down: millis('how long each is away'),
    gap: Type.Optional(millis('between the return of one and the leave of the next'))
  }),
  fault('reset', {
    again: Type.Optional(positive('and so often anew, in ms'))
  }),
  fault('partition', {}),
  fault('bandwidth', { limit: positive('Mbit/s, each way') }),
  fault('loss', {
    share: share('of the packets'),
    burst: Type.Optional(positive('lossy only in bursts of so long a mean, in ms')),
    calm: Type.Optional(positive('mean time between two bursts, in ms; else as long as they are'))
  }),
  fault('drip', { rate: positive('bytes in a second') }),
  fault('wrong', {
    how: Type.Enum(['noise', 'rolled', 'stale', 'nan', 'truncated', 'duplicate', 'foreign'], {
      description: 'foreign: the result of another query; stale: of another version of the model'
    }),
    share: tasks,
    size: Type.Optional(positive('standard deviation of the noise; else 10'))
  }),
  fault('lie', {
    factor: positive('what it says is so much more')
  }),
  fault('skew', {
    drift: Type.Number({ description: '0.1 goes 10% too fast', exclusiveMinimum: -1 })
  }),
  fault('master-crash', {
    down: millis('until another takes over, which knows nothing')
  })
])

export type Fault = Static<typeof faultSchema>
export type Target = Static<typeof target>
