import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Event } from '../../src/core/index.ts'
import { fileSystem, writtenPaths } from '../hosts/kit/file-system.ts'
import { shOn } from '../hosts/kit/use-hosts.ts'
import { formerVersion } from '../kit/former-version.ts'
import { ensureMirror } from '../kit/mirror.ts'
import { describeMeasured, expectAllAnswered, startClient } from './kit/api-client.ts'
import { startCluster, type TestCluster, upgradeFile } from './kit/cluster.ts'
import { kubectlOn, waitUntil } from './kit/control-plane.ts'
import { editClusterFile, takeHostsOut } from './kit/edit-cluster-file.ts'
import { evcctl, eventsOf, failuresOf, type Outcome } from './kit/evcctl.ts'
import { type HostsBefore, recordHosts } from './kit/reset-steps.ts'

const controlPlanes = 2
const etcdHosts = ['e1', 'e2', 'e3']
// Takes the place of the first one later on.
const successor = 'e4'
const nodes = [...Array.from({ length: controlPlanes }, (_, index) => `cp${index + 1}`), 'w1']
const hostNames = [...nodes, ...etcdHosts]

/** Hosts that are there to the end, and run all the time: a container that is started again has lost its rules of the packet filter. */
const compared = [...nodes, 'e2']

let cluster: TestCluster
/** The hosts before the cluster is made. */
let before: HostsBefore
/** cluster.yaml with all hosts that were started, and with those that the cluster has at first. */
let everybody: string

const run = (...args: string[]): Promise<Outcome> => evcctl(args, cluster.env)

beforeAll(async () => {
  cluster = await startCluster({
    hosts: `${controlPlanes}+1+${etcdHosts.length + 1}`,
    image: 'trixie',
    kubernetes: formerVersion,
  })
  before = await recordHosts(cluster.hosts, compared)
  await editClusterFile(cluster.file, document => {
    document.setIn(['spec', 'controlPlane', 'localProxy'], 'haproxy')
    document.setIn(['spec', 'etcd', 'version'], cluster.mirror.versions.etcd)
  })
  everybody = await readFile(cluster.file, 'utf8')
  await writeWithout(successor)
})

async function writeWithout(host: string): Promise<void> {
  await writeFile(cluster.file, everybody)
  await takeHostsOut(cluster.file, [host])
}

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

const sh = (host: string, command: string): Promise<string> => shOn(cluster.hosts, host, command)

function exchangesOf(outcome: Outcome): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of eventsOf(outcome)) {
    if (event.type === 'exchange') counts[event.host] = (counts[event.host] ?? 0) + 1
  }
  return counts
}

function changedTasks(outcome: Outcome): string[] {
  return eventsOf(outcome)
    .filter((event): event is Extract<Event, { type: 'task:end' }> => event.type === 'task:end')
    .filter(event => event.result !== 'in desired state')
    .map(event => `${event.result}: ${event.task}`)
    .sort()
}

const clientUrl = (host: string): string => `https://${cluster.hosts.host(host).address}:2379`
const withCertificate = (folder: string, name: string): string =>
  `--cacert ${folder}/ca.crt --cert ${folder}/${name}.crt --key ${folder}/${name}.key`
const ctl = (host: string, command: string): Promise<string> =>
  sh(host, `/usr/local/bin/etcdctl ${withCertificate('/etc/etcd/pki', 'server')} ${command}`)

describe.sequential('a cluster with etcd on hosts of its own', () => {
  test('plan writes nothing on bare hosts', async () => {
    const bare = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    const plan = await run('plan', cluster.file)
    expect(plan.stderr).toBe('')
    expect(plan.exitCode).toBe(0)
    expect(plan.stdout).toContain('new cluster of')
    const after = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    const own = /^\/(etc|usr|opt|var\/lib\/(evcctl|etcd|kubelet))(\/|$)/
    const written = hostNames.flatMap((_, index) => writtenPaths(bare[index]!, after[index]!))
    expect(written.filter(path => own.test(path))).toEqual([])
  })

  test('apply makes it, and every node is Ready', async () => {
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([outcome.exitCode, failuresOf(outcome), outcome.stderr]).toEqual([0, [], ''])
    const lines = (await cluster.kubectl('get', 'nodes', '--no-headers')).trim().split('\n')
    expect(lines.map(line => line.split(/\s+/).slice(0, 2).join(' '))).toEqual(nodes.map(name => `${name} Ready`))
    const pods = await cluster.kubectl('-n', 'kube-system', 'get', 'pods', '-o', 'name')
    expect(pods).not.toContain('etcd')
  })

  test('its members may write their data and nothing else', async () => {
    const status = await sh('e1', "sed -n -E '/^(CapEff|NoNewPrivs|Seccomp):/p' /proc/$(pidof etcd)/status")
    expect(status.split(/\s+/)).toEqual(['CapEff:', '0000000000000000', 'NoNewPrivs:', '1', 'Seccomp:', '2'])
    const inside = 'nsenter --mount --target "$(pidof etcd)"'
    await sh('e1', `${inside} touch /var/lib/etcd/probe && rm /var/lib/etcd/probe`)
    for (const path of ['/etc/etcd/probe', '/usr/local/bin/probe', '/var/lib/probe'])
      expect(await sh('e1', `${inside} touch ${path} 2>&1 || :`)).toContain('Read-only file system')
  })

  test('a second plan has no changes, and a second apply costs what a plan costs', async () => {
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.stdout).toContain('No changes.')
    expect(plan.exitCode).toBe(0)
    const again = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([again.exitCode, failuresOf(again)]).toEqual([0, []])
    expect(exchangesOf(again)).toEqual(Object.fromEntries(hostNames.map(name => [name, 2])))
    expect(changedTasks(again)).toEqual([])
  })

  test('all members are healthy over TLS, vote, and hold what the API server writes', async () => {
    const health = await cluster.hosts.exec(
      'e2',
      `/usr/local/bin/etcdctl ${withCertificate('/etc/etcd/pki', 'server')} endpoint health --cluster 2>&1`,
    )
    expect(health.stdout.match(/is healthy/g)).toHaveLength(etcdHosts.length)
    const members = (await ctl('e1', 'member list')).split('\n')
    expect(members.filter(line => line.endsWith(', false'))).toHaveLength(etcdHosts.length)
    expect(await ctl('e3', 'get /registry/namespaces/default --keys-only')).toContain('/registry/namespaces/default')
  })

  test('without a client certificate nobody gets in', async () => {
    const [host = ''] = nodes
    const url = clientUrl('e1')
    const refused = await cluster.hosts.exec(host, `curl -sS --cacert /etc/evcctl/etcd/ca.crt ${url}/version 2>&1`)
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stdout).toMatch(/certificate required|bad certificate|alert/)
    const plain = await cluster.hosts.exec(host, `curl -sS ${url.replace('https', 'http')}/version 2>&1`)
    expect(plain.exitCode).not.toBe(0)
    const allowed = await sh(
      host,
      `curl -sS --cacert /etc/evcctl/etcd/ca.crt --cert /etc/evcctl/etcd/client.crt --key /etc/evcctl/etcd/client.key ${url}/version`,
    )
    expect(allowed).toContain('etcdserver')
  })

  test('an API server is no peer of a member, although the same CA signed its certificate', async () => {
    const ask = (host: string, ca: string, name: string) =>
      cluster.hosts.exec(
        host,
        `curl -sS --cacert ${ca} --cert ${name}.crt --key ${name}.key ${clientUrl('e1').replace(':2379', ':2380')}/members 2>&1`,
      )
    const refused = await ask('cp1', '/etc/evcctl/etcd/ca.crt', '/etc/evcctl/etcd/client')
    expect(refused.stdout).toMatch(/bad certificate/)
    const peer = await ask('e2', '/etc/etcd/pki/ca.crt', '/etc/etcd/pki/peer')
    expect(peer.stdout).not.toMatch(/certificate/)
  })

  test('certificates verify with openssl, and name their own host only', async () => {
    for (const host of etcdHosts) {
      const { address } = cluster.hosts.host(host)
      for (const name of ['server', 'peer']) {
        const file = `/etc/etcd/pki/${name}.crt`
        const said = await sh(
          host,
          `openssl verify -x509_strict -CAfile /etc/etcd/pki/ca.crt -verify_ip ${address} ${file}`,
        )
        expect(said).toBe(`${file}: OK`)
        const names = new X509Certificate(await sh(host, `cat ${file}`)).subjectAltName?.split(', ').sort()
        expect(names).toEqual([`DNS:${host}`, 'DNS:localhost', 'IP Address:127.0.0.1', `IP Address:${address}`].sort())
      }
    }
    for (const host of nodes.slice(0, controlPlanes)) {
      await sh(host, 'openssl verify -CAfile /etc/evcctl/etcd/ca.crt -purpose sslclient /etc/evcctl/etcd/client.crt')
    }
  })

  test('every private key is on one host only, and the key of the CA on the first etcd host', async () => {
    const owners = new Map<string, string[]>()
    // By content, wherever a file that holds a private key lies under whatever name; sshd's are in a format of their own.
    const find = `find /etc /var/lib/evcctl /var/lib/kubelet /root /home /run/evcctl /tmp -xdev -type f -size -64k -exec grep -l -e '-----BEGIN .*PRIVATE KEY' {} + 2>/dev/null |
while read -r file; do
  public=$(openssl pkey -in "$file" -pubout 2>/dev/null || ssh-keygen -y -P '' -f "$file" 2>/dev/null | cut -d ' ' -f 1,2)
  if [ -n "$public" ]; then printf '%s' "$public" | sha256sum | cut -c 1-64; else echo "cannot be read: $file"; fi
done | sort -u`
    for (const host of hostNames) {
      for (const key of (await sh(host, find)).split('\n').filter(Boolean))
        owners.set(key, [...(owners.get(key) ?? []), host])
    }
    expect(owners.size).toBeGreaterThan(etcdHosts.length * 2 + controlPlanes)
    expect([...owners.keys()].filter(key => key.startsWith('cannot be read'))).toEqual([])
    // Kubernetes' own CAs and the key of its service accounts are on every control plane node: that is kubeadm's design.
    const digest = (path: string) => `printf %s "$(openssl pkey -in ${path} -pubout)" | sha256sum | cut -c 1-64`
    const pki = ['ca', 'front-proxy-ca', 'sa'].map(name => digest(`/etc/kubernetes/pki/${name}.key`))
    const shared = (await sh('cp1', pki.join('; '))).split('\n')
    expect([...owners].filter(([, hosts]) => hosts.length > 1).sort()).toEqual(
      shared.map(key => [key, nodes.slice(0, controlPlanes)]).sort(),
    )
    const ca = await sh('e1', digest('/etc/etcd/ca/ca.key'))
    expect(owners.get(ca)).toEqual(['e1'])
  })

  test('a member that was stopped, and one that lost its data, are brought back', async () => {
    await sh('e2', 'systemctl stop etcd')
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.exitCode).toBe(2)
    expect((await run('apply', cluster.file, '--yes')).exitCode).toBe(0)
    await sh('e3', 'systemctl stop etcd && rm -rf /var/lib/etcd/member && systemctl start --no-block etcd; sleep 4')
    // As after a boot without the disk: it waits, instead of beginning with nothing.
    expect(await sh('e3', 'ls -A /var/lib/etcd; journalctl -u etcd -n 20 --no-pager')).toContain('is its disk mounted?')
    expect(await sh('e3', 'ls -A /var/lib/etcd')).not.toContain('member')
    const fixed = await run('apply', cluster.file, '--yes')
    expect(fixed.stderr).toBe('')
    expect(fixed.exitCode).toBe(0)
    const members = (await ctl('e1', 'member list')).split('\n')
    expect(members.filter(line => line.includes(', started, ') && line.endsWith(', false'))).toHaveLength(3)
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })

  test('a member is not restarted while another is off that it needs, and is when that is back', async () => {
    const runs = () => sh('e1', 'systemctl show etcd --property MainPID --value')
    const before = await runs()
    await sh('e1', 'touch /etc/etcd/etcd.env')
    await cluster.hosts.kill('e3')
    for (const command of [['plan'], ['apply', '--yes']]) {
      const outcome = await run(...command, cluster.file)
      expect(outcome.exitCode).not.toBe(0)
      const said = outcome.stdout + outcome.stderr
      expect(said).toContain('e1 is not restarted: etcd would lose its quorum.')
      expect(said).toContain('e3 does not answer')
    }
    expect(await runs()).toBe(before)
    await cluster.hosts.start('e3')
    const outcome = await run('apply', cluster.file, '--yes')
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    expect(await runs()).not.toBe(before)
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })

  test('what a member is well with is kept, for when it is not well with something else', async () => {
    for (const path of ['/etc/etcd/etcd.env', '/etc/systemd/system/etcd.service'])
      await sh('e2', `cmp ${path} /var/lib/evcctl/proven/etcd.service${path}`)
  })

  test('the host of the CA cannot be taken out before the CA has another place', async () => {
    await writeWithout('e1')
    const plan = await run('plan', cluster.file)
    expect(plan.exitCode).not.toBe(0)
    expect(plan.stderr).toContain('No etcd host has the CA of etcd')
    const moved = await sh('e1', 'tar -C /etc/etcd -c ca | base64 -w 0 && rm -r /etc/etcd/ca')
    await sh('e3', `echo ${moved} | base64 -d | tar -C /etc/etcd -xp`)
  })

  test('a member is replaced: the new one joins, API servers go over to it, the former one is removed', async () => {
    const [id = ''] = (await ctl('e2', 'member list'))
      .split('\n')
      .find(line => line.includes(', e1, '))!
      .split(', ')
    const plan = await run('plan', cluster.file)
    expect(plan.stderr).toBe('')
    expect(plan.stdout).toContain(`remove e1 (${id}): it is not wanted any more`)
    expect(plan.stdout).toContain('4 of 4 voting members answer, 3 needed')
    expect(plan.stdout).toContain('3 of 3 voting members answer, 2 needed')
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(outcome.stderr).toBe('')
    expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
    const ended = eventsOf(outcome).flatMap(event => (event.type === 'task:end' ? [event.task as string] : []))
    const order = [
      'e4/etcd health:e4',
      'cp1/kubeadm configuration:node',
      'cp2/kubeadm configuration:node',
      // By the host of the CA, which goes first.
      'e3/etcd members:former',
    ].map(task => ended.indexOf(task))
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(order[0]).toBeGreaterThan(-1)
    const names = (await ctl('e2', 'member list')).split('\n').map(line => line.split(', ')[2])
    expect(names.sort()).toEqual(['e2', 'e3', successor])
    const wanted = ['e2', 'e3', successor].map(clientUrl).join(',')
    for (const host of nodes.slice(0, controlPlanes)) {
      expect(await sh(host, 'grep etcd-servers /etc/kubernetes/manifests/kube-apiserver.yaml')).toContain(wanted)
    }
    expect((await run('plan', cluster.file, '--exit-code')).stdout).toContain('No changes.')
    await cluster.kubectl('create', 'configmap', 'written-after-the-replacement')
    const key = '/registry/configmaps/default/written-after-the-replacement'
    expect(await ctl(successor, `get ${key} --keys-only`)).toContain(key)
  })

  test('etcd on the former host has ended by itself, and does not come back', async () => {
    const state = 'systemctl show etcd --property ActiveState,NRestarts'
    expect(await sh('e1', state)).toBe('NRestarts=0\nActiveState=inactive')
    // Started again, it learns that it is no member, perhaps not at its first attempt, and ends without an error: then
    // systemd leaves it alone. Each run has an identity, and may last milliseconds.
    const lastRun = 'systemctl show etcd --property InvocationID,ActiveState'
    const before = await sh('e1', lastRun)
    await sh('e1', 'systemctl start --no-block etcd')
    await vi.waitFor(
      async () => {
        const now = await sh('e1', lastRun)
        expect(now).not.toBe(before)
        expect(now).toContain('ActiveState=inactive')
      },
      { timeout: 60_000, interval: 500 },
    )
    const ended = await sh('e1', lastRun)
    // Longer than systemd waits before it starts a unit anew.
    await sleep(5000)
    expect(await sh('e1', lastRun)).toBe(ended)
    const names = (await ctl('e2', 'member list')).split('\n').map(line => line.split(', ')[2])
    expect(names).not.toContain('e1')
  })

  test('is upgraded to the next minor, and to another etcd, while a client behind haproxy is always answered', async () => {
    const members = async () => (await ctl('e2', 'member list')).split('\n').sort()
    const before = await members()
    const version = await upgradeFile(cluster)
    const { versions } = await ensureMirror()
    expect(versions.etcd).not.toBe(cluster.mirror.versions.etcd)
    await editClusterFile(cluster.file, document => document.setIn(['spec', 'etcd', 'version'], versions.etcd))
    const client = startClient(cluster.hosts, 'w1', 0.2)
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    const measured = await client.stop()
    console.log(`upgrade: ${describeMeasured(measured)}${measured.errors}`)
    expect([outcome.exitCode, failuresOf(outcome), outcome.stderr]).toEqual([0, [], ''])
    expect((await run('plan', cluster.file, '--exit-code')).stdout).toContain('No changes.')
    expectAllAnswered(measured)
    const kubelets = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}')
    expect(kubelets.split(' ')).toEqual(nodes.map(() => `v${version}`))
    for (const server of nodes.slice(0, controlPlanes))
      expect(await kubectlOn(cluster, server, 'get', '--raw', '/version')).toContain(`"v${version}"`)
    expect(await members()).toEqual(before)
    for (const host of ['e2', 'e3', successor])
      expect([host, await sh(host, 'etcd --version | head -n 1')]).toEqual([host, `etcd Version: ${versions.etcd}`])
    await cluster.kubectl('get', 'configmap', 'written-after-the-replacement')
    await waitUntil('status finds that all is well', async () => (await run('status', cluster.file)).exitCode === 0)
  })

  test('goes as a whole: hosts are as they were, one of etcd as well', async () => {
    const reset = ['reset', cluster.file, '--all']
    await before.expectReset(cluster, [...reset, '--yes', cluster.hosts.name], [...reset, '--dry-run'])
    for (const name of compared) {
      // What the kubectl of this test has kept.
      await sh(name, 'rm -rf /root/.kube')
      expect([name, await before.strange(name)]).toEqual([name, []])
    }
  })
})
