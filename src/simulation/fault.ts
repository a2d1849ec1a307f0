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

function fault<const K extends string, T extends TProperties>(kind: K, title: string, properties: T) {
  return record({ kind: Type.Literal(kind), ...common, ...properties }, title)
}

const slower = {
  factor: Type.Optional(positive('run times are multiplied by it')),
  add: Type.Optional(millis('and so much longer'))
}
const together = Type.Optional(Type.Boolean({ description: 'all its machines at the same moments' }))
const tasks = Type.Optional(share('of the tasks; else all'))

/** Everything that can go wrong, as a scenario says it. */
export const faultSchema = oneOf('kind', [
  fault('slow', 'runs take longer, always by the same', slower),
  fault('slow-exponential', 'runs take a shift and an exponential time longer', {
    add: Type.Optional(millis('the shift')),
    mean: positive('mean of the exponential part, in ms')
  }),
  fault('slow-pareto', 'runs take a Pareto time longer: most little, a few very much', {
    scale: positive('the least that it takes longer, in ms'),
    shape: positive('the smaller, the heavier the tail; 1.5 is heavy')
  }),
  fault('slow-bimodal', 'some runs take longer, the others do not', {
    ...slower,
    share: share('of the runs')
  }),
  fault('slow-episodes', 'a machine is slow for a while, then fast for a while (Markov)', {
    ...slower,
    fast: positive('mean length of a fast while, in ms'),
    slow: positive('mean length of a slow while, in ms'),
    together
  }),
  fault('slow-thermal', 'runs take ever longer, up to the factor, as a machine gets hot', {
    factor: positive('run times are multiplied by it in the end'),
    rise: positive('how long it takes to get there, in ms')
  }),
  fault('stall', 'tasks are accepted and never answered', { share: tasks }),
  fault('fail', 'runs fail', { share: tasks }),
  fault('crash', 'killed (SIGKILL), and started again at the end of its time', {}),
  fault('pause', 'frozen (SIGSTOP), and goes on (SIGCONT) at the end of its time', {}),
  fault('restart', 'stopped in good order, and started again', { down: millis('how long it is away') }),
  fault('leave', 'says goodbye, and comes back at the end of its time', {}),
  fault('join', 'is not there before', {}),
  fault('churn', 'machines leave and come back, each by its own chance', {
    every: positive('mean time between two leaves of a machine, in ms'),
    away: positive('mean time away, in ms')
  }),
  fault('rolling-upgrade', 'one machine after the other is restarted', {
    down: millis('how long each is away'),
    gap: Type.Optional(millis('between the return of one and the leave of the next'))
  }),
  fault('reset', 'the connection breaks, and is made again', {
    again: Type.Optional(positive('and so often anew, in ms'))
  }),
  fault('partition', 'nothing gets through; it arrives once the network is whole again', {}),
  fault('bandwidth', 'a slower link', { limit: positive('Mbit/s, each way') }),
  fault('loss', 'packets get lost and are sent again 200 ms later, then 400 ms, and so on', {
    share: share('of the packets'),
    burst: Type.Optional(positive('lossy only in bursts of so long a mean, in ms')),
    calm: Type.Optional(positive('mean time between two bursts, in ms; else as long as they are'))
  }),
  fault('drip', 'results trickle', { rate: positive('bytes in a second') }),
  fault('wrong', 'results are wrong', {
    how: Type.Enum(['noise', 'rolled', 'stale', 'nan', 'truncated', 'duplicate', 'foreign'], {
      description: 'foreign: the result of another query; stale: of another version of the model'
    }),
    share: tasks,
    size: Type.Optional(positive('standard deviation of the noise; else 10'))
  }),
  fault('lie', 'says that its runs took another time than they did', {
    factor: positive('what it says is so much more')
  }),
  fault('skew', 'its clock goes wrong', {
    drift: Type.Number({ description: '0.1 goes 10% too fast', exclusiveMinimum: -1 })
  }),
  fault('master-crash', 'the master is killed with all that it was doing', {
    down: millis('until another takes over, which knows nothing')
  })
])

export type Fault = Static<typeof faultSchema>
export type FaultKind = Fault['kind']
export type Target = Static<typeof target>
