import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const node = process.execPath
const host = fileURLToPath(new URL('./network-host.ts', import.meta.url))

/** In a network of our own, where network namespaces have names that nobody else sees. What it starts ends with it. */
async function inNetwork(commands: string): Promise<string> {
  const script = `set -e
    mkdir -p /run/netns && mount -t tmpfs none /run/netns
    begun=
    trap 'kill -KILL $begun 2>/dev/null || true' EXIT
    lines() { until [ $(wc -l < /run/netns/said) -ge $1 ]; do sleep 0.1; done; }
    begin() { ip netns exec "$@" <&0 & begun="$begun $!"; }
    ${commands}`
  const { stdout } = await promisify(execFile)('unshare', ['--net', '--mount', 'bash', '-c', script], {
    timeout: 120_000
  })
  return stdout
}

/** A host whose one interface has this address, with the other end of its cable outside. */
const HOST = `host() { # name, address, cable
  ip netns add $1
  ip link add $3 type veth peer name eth0 netns $1
  ip link set $3 up
  ip -n $1 addr add $2/24 dev eth0
  ip -n $1 link set lo up
  ip -n $1 link set eth0 up
  ip -n $1 route add 224.0.0.0/4 dev eth0
}`

const refused = await inNetwork(`${HOST}\nhost one 10.7.0.1 cable`).then(
  () => false,
  error => `no network namespaces can be made here: ${error.message.split('\n').slice(-2).join(' ')}`
)

describe('in a network', { skip: refused }, () => {
  it('six hosts on one bridge find each other by multicast, with nothing configured, and answer', async () => {
    const said = await inNetwork(`${HOST}
      ip link add bridge0 type bridge && ip link set bridge0 up
      for i in 1 2 3 4 5 6; do host h$i 10.7.0.$i v$i; ip link set v$i master bridge0; done
      for i in 1 2 3 4 5; do begin h$i '${node}' '${host}' worker >/dev/null; done
      ip netns exec h6 '${node}' '${host}' master 5 </dev/null`)
    assert.equal(said, '5 of 5 answered by 5 workers\n')
  })

  it('a worker in one subnet answers a master in another, which only a relay joins', async () => {
    const said = await inNetwork(`${HOST}
      host a 10.1.0.2 va; host b 10.2.0.2 vb
      ip netns add relay; ip -n relay link set lo up
      ip link set va netns relay; ip link set vb netns relay
      ip -n relay addr add 10.1.0.1/24 dev va; ip -n relay link set va up
      ip -n relay addr add 10.2.0.1/24 dev vb; ip -n relay link set vb up
      begin relay '${node}' '${host}' relay > /run/netns/said
      lines 1
      at() { tr ' ' '\\n' < /run/netns/said | grep "/$1/"; }
      begin b '${node}' '${host}' worker-behind 0 "$(at 10.2.0.1)" >/dev/null
      ip netns exec a '${node}' '${host}' master-beyond 1 "$(at 10.1.0.1)" </dev/null`)
    assert.equal(said, '1 of 1 answered by 1 workers\n')
  })

  it('a host that moves to another address is found again', async () => {
    const said = await inNetwork(`${HOST}
      ip link add bridge0 type bridge && ip link set bridge0 up
      for i in 1 2; do host h$i 10.7.0.$i v$i; ip link set v$i master bridge0; done
      begin h1 '${node}' '${host}' worker >/dev/null
      mkfifo /run/netns/go; exec 3<> /run/netns/go
      begin h2 '${node}' '${host}' master 1 <&3 > /run/netns/said
      lines 1
      ip -n h1 addr del 10.7.0.1/24 dev eth0; ip -n h1 addr add 10.7.0.9/24 dev eth0
      ip -n h1 route add 224.0.0.0/4 dev eth0
      echo moved >&3
      lines 2; cat /run/netns/said`)
    assert.equal(said, '1 of 1 answered by 1 workers\n'.repeat(2))
  })
})
