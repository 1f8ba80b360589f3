import { setTimeout as sleep } from 'node:timers/promises'
import type { TestCluster } from './cluster.ts'

/** Rejects when something does not come to hold. */
export async function waitUntil(what: string, holds: () => Promise<boolean>, seconds = 180): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`)
    await sleep(1000)
  }
}

/** `kubectl` on a control plane node, with its own API server. Rejects when it fails. */
export async function kubectlOn({ hosts }: TestCluster, host: string, ...args: string[]): Promise<string> {
  const server = `--server=https://${hosts.host(host).address}:6443`
  const command = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', '--request-timeout=5s', server, ...args]
  const { exitCode, stdout, stderr } = await hosts.exec(host, command)
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} on ${host}: ${stderr}`)
  return stdout
}

/**
 * Whether every API server, and so the etcd member beside it, is ready, and every node is Ready. With `since` (ms since
 * the epoch) every kubelet must have said so after that moment: a node whose kubelet holds a dead connection counts as
 * Ready for another 50 s, and only then for a while as not Ready. `names`: the hosts that are nodes; default: all.
 */
export async function isHealthy(cluster: TestCluster, since = 0, names?: readonly string[]): Promise<boolean> {
  const hosts = cluster.hosts.hosts.filter(({ name }) => names === undefined || names.includes(name))
  const controlPlane = hosts.filter(({ roles }) => roles.includes('control-plane'))
  for (const { name } of controlPlane) await kubectlOn(cluster, name, 'get', '--raw', '/readyz')
  const ask = (...args: string[]) => kubectlOn(cluster, controlPlane[0]!.name, 'get', ...args)
  const nodes = await ask('nodes', '--no-headers')
  const leases = await ask('leases', '--namespace=kube-node-lease', '--no-headers', '--output', leaseColumns)
  const renewed = new Map(leases.split('\n').map(line => line.split(/ +/, 2) as [string, string]))
  return hosts.every(
    ({ name }) => new RegExp(`^${name} +Ready `, 'm').test(nodes) && Date.parse(renewed.get(name) ?? '') > since,
  )
}

const leaseColumns = 'custom-columns=NODE:.metadata.name,RENEWED:.spec.renewTime'

/** Names of the members of stacked etcd, and whether each has a vote, as one of its hosts knows them. */
export async function etcdMembers(
  { hosts }: TestCluster,
  host: string,
): Promise<readonly (readonly [string, boolean])[]> {
  const { stdout } = await hosts.exec(
    host,
    `cd /etc/kubernetes/pki && curl --silent --fail --cacert etcd/ca.crt \\
      --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key --data '{}' https://127.0.0.1:2379/v3/cluster/member/list`,
  )
  const { members } = JSON.parse(stdout) as { members: { name: string; isLearner?: boolean }[] }
  return members
    .map(({ name, isLearner = false }) => [name, !isLearner] as const)
    .sort(([a], [b]) => a.localeCompare(b))
}
