import { connect, gate, Peers, row, submit, taskFor } from './peers.ts'

// Stops both peers while a run is held, another request waits for credit, and all their timers are armed.
const held = gate()
{
  await using peers = new Peers()
  const credit = { requests: 2, bytes: 1024 }
  const remote = await connect(await peers.master(), await peers.worker({ run: held.run, credit }))
  for (let i = 0; i < 3; i++) {
    submit(remote.channel, taskFor(remote, row(2), { deadline: performance.now() + 3_600_000 }))
  }
  await held.started
}
process.stdout.write('stopped\n')
