import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { firewall } from '../../roles/firewall/index.ts'
import { openingsOf } from '../../src/cluster/index.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { type FirewallRule, GraphBuilder } from '../../src/index.ts'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { createPool, type Pool } from '../../src/ssh/index.ts'
import { factsOf } from '../playbooks/given.ts'
import { applyTo, planOf } from './kit/converge.ts'
import { fileSystem, writtenPaths } from './kit/file-system.ts'
import { testFirewalls } from './kit/firewalls.ts'
import { ssh } from './kit/ssh.ts'
import { startHosts } from './kit/start-hosts.ts'

/** Of the cluster, not there: it is a peer of etcd, and an address that has to be let in. */
const far = '198.51.100.9'
const tcpPorts = [6443, 2379, 2380, 10250, 30080, 9100, 5432]

// Most of the time goes by with packets that nobody answers: so all hosts are tested side by side, each with a network of
// pods of its own, and each in the order of its tests.
const inOrder = test.sequential

describe.concurrent.each(['trixie', 'bookworm'] as const)('on %s', image => {
  let hosts: LocalHosts
  let pool: Pool

  const exec = async (host: string, command: string) => {
    const { stdout, stderr, exitCode } = await hosts.exec(host, command)
    if (exitCode !== 0) throw new Error(`${command} on ${host} exited with ${exitCode}: ${stderr}${stdout}`)
    return stdout.trim()
  }

  beforeAll(async () => {
    const names = [...testFirewalls.map(({ kind }) => kind), 'peer', 'outsider']
    hosts = await startHosts({
      image,
      variant: 'firewalls',
      hosts: names.map(name => ({ name, roles: ['worker'] as const })),
    })
    pool = createPool(
      hosts.hosts.map(({ name, address, user }) => ({
        name,
        address,
        user,
        identityFiles: [hosts.identityFile],
        agent: false,
        knownHosts: { policy: 'strict' as const, acceptCommand: '', files: [hosts.knownHostsFile] },
        connectTimeoutMs: 20_000,
      })),
    )
    await exec('peer', 'ip addr add 10.244.2.2/32 dev lo')
  })
  afterAll(async () => {
    await pool?.[Symbol.asyncDispose]()
    await hosts?.[Symbol.asyncDispose]()
  })

  describe.concurrent.each(testFirewalls.map((firewall, index) => ({ ...firewall, index })))(
    'a control plane node with $kind',
    ({ kind, on, off, restarts, rules: userRules, tamper, index }) => {
      const id = `${kind}/firewall:openings`
      const pods = `10.244.${10 + index}`
      const overlay = `10.244.${200 + index}`
      const vni = index + 1
      let address: string
      let before: string

      const specOf = (peers: readonly string[]) =>
        parseClusterFile(
          JSON.stringify({
            apiVersion: 'evcctl.dev/v1alpha1',
            kind: 'Cluster',
            metadata: { name: 'edge' },
            spec: {
              etcd: { allowEvenMembers: true },
              firewall: {
                nodePortsFrom: ['198.51.100.0/24'],
                extraPorts: [{ port: 9100, endPort: 9101, from: [hosts.host('peer').address] }],
              },
              hosts: [
                { name: kind, address, roles: ['control-plane'] },
                ...peers.map((peer, index) => ({ name: `n${index}`, address: peer, roles: ['control-plane'] })),
                { name: 'far', address: far, roles: ['control-plane'] },
              ],
            },
          }),
          'cluster.yaml',
        )
      const rulesFor = (peers: readonly string[]) => {
        const spec = specOf(peers)
        const host = spec.hosts[0]!
        return openingsOf(spec, kubeadm.ports(spec), [
          { name: host.name, host, facts: factsOf(host.name, address), address },
        ])(host).rules
      }
      const graphOf = (rules: readonly FirewallRule[]) => {
        const builder = new GraphBuilder()
        firewall.declare(builder.scope(kind, 'firewall'), { rules: [...rules], closesOthers: true })
        return builder.build()
      }
      const withPeer = () => graphOf(rulesFor([hosts.host('peer').address]))
      const plan = async (graph = withPeer()) => (await planOf(graph, pool)).get(id)
      const apply = async (graph = withPeer()) => {
        expect(await applyTo(graph, pool)).toEqual(new Map())
        expect(await plan(graph)).toBeUndefined()
      }
      /** Shell for a program that prints `hello` where what is sent comes back. */
      const echo = (target: string, netns = '') =>
        `(echo hello; sleep 0.5) | ${netns} timeout 5 socat -t 1 - ${target},connect-timeout=2 2>/dev/null || :`
      const answers = async (from: string, target: string) => (await exec(from, echo(target))) === 'hello'
      const openFor = async (from: string) => {
        const ports = `for port in ${tcpPorts.join(' ')}; do`
        const open = await exec(
          from,
          `${ports} { ${echo(`TCP:${address}:$port`)}; } | sed "s/^hello$/$port/" & done; wait`,
        )
        return tcpPorts.filter(port => open.split('\n').includes(String(port)))
      }
      const openForBoth = async () => {
        const [peer, outsider] = await Promise.all([openFor('peer'), openFor('outsider')])
        return { peer, outsider }
      }
      const overlayPackets = async (from: string) => {
        const counter = 'cat /sys/class/net/flannel.1/statistics/rx_packets'
        const packets = Number(await exec(kind, counter))
        await exec(from, `ping -c 2 -i 0.2 -W 1 ${overlay}.1 >/dev/null || :`)
        return Number(await exec(kind, counter)) - packets
      }
      const listen = async () => {
        for (const port of tcpPorts) {
          await exec(kind, `systemd-run --quiet --unit=tcp-${port} socat TCP-LISTEN:${port},fork,reuseaddr EXEC:cat`)
        }
        // A pod, a neighbour in the same network as the host, and an overlay network, each as the kernel sees them.
        await exec(
          kind,
          `echo 1 >/proc/sys/net/ipv4/ip_forward
neighbour() {
  name=$1
  ip netns add "$name"; ip link add "veth-$name" type veth peer name eth0 netns "$name"; ip link set "veth-$name" up
  ip addr add "$2" dev "veth-$name"; ip -n "$name" link set lo up; ip -n "$name" link set eth0 up
  shift 2
  for own; do ip -n "$name" addr add "$own" dev eth0; done
}
neighbour pod ${pods}.1/24 ${pods}.2/24; ip -n pod route add default via ${pods}.1
neighbour lan 192.168.77.1/24 192.168.77.2/24 198.51.100.7/32; ip -n lan route add default via 192.168.77.1
ip route add 198.51.100.7 dev veth-lan
nft add table ip node-ports
nft 'add chain ip node-ports prerouting { type nat hook prerouting priority dstnat; }'
nft add rule ip node-ports prerouting tcp dport 30081 dnat to ${pods}.2:8080
ip link add flannel.1 address 02:00:00:00:00:01 type vxlan id ${vni} local ${address} remote ${hosts.host('peer').address} dstport 8472
ip addr add ${overlay}.1/24 dev flannel.1; ip link set flannel.1 up; ip route add 10.244.2.0/24 via ${overlay}.2
for name in pod lan; do
  systemd-run --quiet --unit=$name ip netns exec $name socat TCP-LISTEN:8080,fork,reuseaddr EXEC:cat
  until ip netns exec $name ss -Hltn 'sport = :8080' | grep -q .; do sleep 0.1; done
done
until ss -Hltn 'sport = :5432' | grep -q .; do sleep 0.1; done`,
        )
      }
      const fromNetns = async (name: 'pod' | 'lan', target: string) =>
        (await exec(kind, echo(target, `ip netns exec ${name}`))) === 'hello'

      beforeAll(async () => {
        address = hosts.host(kind).address
        await exec(kind, on)
        await listen()
        for (const [from, number] of [
          ['peer', 2],
          ['outsider', 3],
        ] as const) {
          await exec(
            from,
            `ip link add flannel.${vni} type vxlan id ${vni} local ${hosts.host(from).address} remote ${address} dstport 8472
ip addr add ${overlay}.${number}/24 dev flannel.${vni}; ip link set flannel.${vni} up; ip route add ${pods}.0/24 via ${overlay}.1
ip neigh replace ${overlay}.1 lladdr 02:00:00:00:00:01 dev flannel.${vni}`,
          )
        }
        before = await exec(kind, userRules)
      })

      inOrder('lets nobody in before, and is planned without a write', async () => {
        expect(await openFor('peer')).toEqual([])
        expect(await overlayPackets('peer')).toBe(0)
        await pool.session(kind, AbortSignal.timeout(20_000))
        const files = await fileSystem(hosts, kind)
        const change = await plan()
        expect(writtenPaths(files, await fileSystem(hosts, kind))).toEqual([])
        expect(await exec(kind, userRules)).toBe(before)
        expect(change?.action).toBe('create')
        const peer = hosts.host('peer').address
        expect(change?.fields).toEqual(
          expect.arrayContaining([
            { field: `${kind} tcp 2380`, after: `for ${[peer, far].sort().join(', ')} (etcd members)` },
            { field: `${kind} tcp 9100-9101`, after: `for ${peer} (spec.firewall.extraPorts)` },
            { field: `${kind} udp 8472`, after: `for ${[peer, far].sort().join(', ')} (flannel vxlan)` },
            { field: `${kind} forwarding`, after: 'for 10.244.0.0/16 (from pods)' },
          ]),
        )
      })

      inOrder(
        'lets in hosts of the cluster and nobody else, and leaves SSH and the rules of the user alone',
        async () => {
          await apply()
          expect(await openForBoth()).toEqual({ peer: [6443, 2379, 2380, 10250, 30080, 9100], outsider: [] })
          expect(await overlayPackets('peer')).toBeGreaterThan(0)
          expect(await overlayPackets('outsider')).toBe(0)
          expect(await exec(kind, userRules)).toBe(before)
          expect(await ssh(hosts, kind, 'echo in')).toBe('in')
          expect(await exec('outsider', `ssh-keyscan -T 5 ${address} 2>/dev/null | grep -c ssh-ed25519`)).toBe('1')
        },
      )

      inOrder('lets pods reach pods of other nodes and the world, and the API server of their own host', async () => {
        const reached = [
          answers('peer', `TCP:${pods}.2:8080,bind=10.244.2.2`),
          fromNetns('pod', `TCP:${address}:6443`),
          fromNetns('pod', `TCP:${address}:2379`),
          fromNetns('pod', 'TCP:192.168.77.2:8080'),
        ]
        expect(await Promise.all(reached)).toEqual([true, true, false, true])
      })

      inOrder('lets those of nodePortsFrom through to NodePorts, and nobody to pods besides', async () => {
        const nodePort = 'TCP:192.168.77.1:30081'
        const reached = [
          fromNetns('lan', `${nodePort},bind=198.51.100.7`),
          fromNetns('lan', `${nodePort},bind=192.168.77.2`),
          fromNetns('lan', `TCP:${pods}.2:8080,bind=198.51.100.7`),
          fromNetns('lan', `TCP:${pods}.2:8080,bind=192.168.77.2`),
        ]
        // firewalld itself lets through what is translated.
        expect(await Promise.all(reached)).toEqual([true, kind === 'firewalld', false, false])
      })

      inOrder('is fixed after a rule was taken out by hand, which the plan names', async () => {
        await exec(kind, tamper)
        expect(await openFor('peer')).not.toContain(10250)
        expect((await plan())?.fields.map(({ field }) => field)).toContain(`${kind} tcp 10250`)
        await apply()
        expect(await openFor('peer')).toContain(10250)
      })

      inOrder.each(restarts)('is open again after: %s', async restart => {
        // systemctl waits for the unit it is given, not for those that follow it.
        await exec(kind, `${restart}; while systemctl list-jobs --no-legend | grep -q .; do sleep 0.1; done`)
        expect(await plan()).toBeUndefined()
        expect(await openForBoth()).toEqual({ peer: [6443, 2379, 2380, 10250, 30080, 9100], outsider: [] })
      })

      inOrder('is closed again for a host that leaves', async () => {
        const graph = graphOf(rulesFor([]))
        const change = await plan(graph)
        const peer = hosts.host('peer').address
        expect(change?.action).toBe('update')
        expect(change?.fields).toContainEqual({
          field: `${kind} tcp 2380`,
          before: `for ${[peer, far].sort().join(', ')}`,
          after: `for ${far} (etcd members)`,
        })
        await apply(graph)
        expect(await openFor('peer')).toEqual([9100])
        await apply()
      })

      inOrder('is opened for a host and closed for another at once', async () => {
        await apply(graphOf(rulesFor([hosts.host('outsider').address])))
        expect(await openForBoth()).toEqual({ peer: [9100], outsider: [6443, 2379, 2380, 10250, 30080] })
        await apply()
      })

      inOrder('is open after a reboot, and lets nobody else in', async () => {
        await hosts.stop(kind)
        await hosts.start(kind)
        await listen()
        expect(await plan()).toBeUndefined()
        expect(await openForBoth()).toEqual({ peer: [6443, 2379, 2380, 10250, 30080, 9100], outsider: [] })
      })

      inOrder('is as it was when everything is taken out', async () => {
        const none = graphOf([])
        const change = await plan(none)
        expect(change?.action).toBe('delete')
        expect(change?.fields.map(({ field }) => field)).toContain(`${kind} tcp 6443`)
        await apply(none)
        expect(await openFor('peer')).toEqual([])
        expect(await exec(kind, userRules)).toBe(before)
        expect(
          await exec(kind, 'find /etc -name "evcctl-in.xml" -o -name "evcctl-firewall*" -o -name "firewall-*.sh"'),
        ).toBe('')
        expect(await exec(kind, 'nft list ruleset | grep -i evcctl_ || :')).toBe('')
      })

      // Not a skipped test elsewhere: only firewalld tells rules in force from permanent ones.
      if (kind === 'firewalld')
        inOrder('is not reloaded where that would take away rules of the user', async () => {
          await exec(kind, 'firewall-cmd --reload; firewall-cmd --add-port=2222/tcp')
          const failed = await applyTo(withPeer(), pool)
          expect(failed.get(id)).toMatchObject({
            problem: expect.stringContaining('in force but not permanent'),
            actual: expect.stringMatching(/2222.tcp/),
          })
          expect(await exec(kind, 'firewall-cmd --list-ports')).toBe('2222/tcp')
          await exec(kind, 'firewall-cmd --runtime-to-permanent')
          await apply()
          await apply(graphOf([]))
          expect(await exec(kind, 'firewall-cmd --list-ports')).toBe('2222/tcp')
        })

      inOrder('is left alone when it is switched off', async () => {
        await exec(kind, off)
        expect(await openFor('outsider')).toContain(6443)
        expect(await plan()).toBeUndefined()
      })
    },
  )
})
