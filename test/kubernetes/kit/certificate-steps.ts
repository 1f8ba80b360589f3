import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { PlanDocument } from '../../../src/report/plan-json.ts'
import { handbook } from '../../kit/handbook.ts'
import type { TestCluster } from './cluster.ts'
import { evcctl, failuresOf, type Outcome, startEvcctl } from './evcctl.ts'

/** A certificate in the output of `certs status`. */
interface Shown {
  readonly host: string
  readonly path: string
  readonly daysLeft: number
}

const run = (cluster: TestCluster, ...args: string[]): Promise<Outcome> => evcctl(args, { ...cluster.env })

/** Has kubeadm sign all certificates of these control plane nodes again, for 20 days, as if they had been made long ago. */
export async function shortenCertificates({ hosts }: TestCluster, nodes: readonly string[]): Promise<void> {
  const script = `sed 's/^kind: ClusterConfiguration$/&\\ncertificateValidityPeriod: 480h0m0s/' /etc/evcctl/kubeadm.yaml >/run/short.yaml
kubeadm certs renew all --config /run/short.yaml`
  for (const node of nodes) {
    const { exitCode, stderr } = await hosts.exec(node, script)
    expect([node, exitCode], stderr).toEqual([node, 0])
  }
}

// The start of each static pod's process tells whether it has been started again. The API server and etcd also tell the
// certificate that they serve.
const serving = `for component in etcd kube-apiserver kube-controller-manager kube-scheduler; do
  process=$(pgrep -o -x "$(echo $component | cut -c 1-15)")
  echo "$component $(ps -o lstart= -p "$process")"
done
pki=/etc/kubernetes/pki/etcd
shown() { curl -q -s -v -k "$@" 2>&1 | sed -n 's/^\\*[[:space:]]*expire date: *//p' | head -n 1; }
for until in "$(shown https://127.0.0.1:6443/livez)" "$(shown --cert $pki/healthcheck-client.crt --key $pki/healthcheck-client.key https://127.0.0.1:2379/health)"; do
  echo "days $(( ($(date -d "$until" +%s) - $(date +%s)) / 86400 ))"
done`

async function runningOn({ hosts }: TestCluster, node: string) {
  const { stdout } = await hosts.exec(node, serving)
  const lines = stdout.trim().split('\n')
  const starts = new Map(lines.slice(0, 4).map(line => [line.split(' ')[0]!, line]))
  return { starts, days: lines.slice(4).map(line => Number(line.replace('days ', ''))) }
}

/**
 * Renews the certificates of control plane nodes that have 20 days left, by an apply that is killed at the first of them and
 * another one. Everything else has to be as cluster.yaml says.
 */
export async function expectCertificatesRenewed(cluster: TestCluster, nodes: readonly string[]): Promise<void> {
  await shortenCertificates(cluster, nodes)
  const before = new Map<string, Awaited<ReturnType<typeof runningOn>>>()
  for (const node of nodes) before.set(node, await runningOn(cluster, node))

  const planned = await run(cluster, 'plan', cluster.file, '--output', 'json')
  const plan = planned.stdout.split('\n').find(line => line.startsWith('{"type":"plan"')) ?? '{}'
  const { changes, batches } = JSON.parse(plan) as PlanDocument
  expect(changes.map(({ host, title }) => [host, title])).toEqual(nodes.map(node => [node, 'certificates']))
  expect(batches).toEqual(nodes.map(node => [node]))
  const [{ fields }] = changes as [(typeof changes)[number]]
  expect(fields).toHaveLength(10)
  for (const { before: left } of fields) expect(left).toBe('19 days left')

  const applying = ['apply', cluster.file, '--yes', '--output', 'json']
  const killed = startEvcctl(applying, { ...cluster.env })
  await killed.event(event => event.type === 'task:output' && /starting kube-scheduler again/.test(event.line))
  killed.child.kill('SIGKILL')
  await killed.ended
  const file = { 'cluster.yaml': cluster.file }
  const renewing = handbook('certificates', 'evcctl certs renew cluster.yaml --yes', file)
  const outcome = await run(cluster, ...renewing, '--output', 'json')
  expect([outcome.exitCode, failuresOf(outcome)], outcome.stderr).toEqual([0, []])
  const again = await run(cluster, 'plan', cluster.file, '--exit-code')
  expect(again.stdout).toContain('No changes.')

  for (const node of nodes) {
    const now = await runningOn(cluster, node)
    for (const days of now.days) expect([node, days > 360]).toEqual([node, true])
    const restarted = [...now.starts].filter(([name, start]) => before.get(node)!.starts.get(name) !== start)
    expect([node, restarted.map(([name]) => name)]).toEqual([node, ['kube-controller-manager', 'kube-scheduler']])
  }
  const shown = handbook('certificates', 'evcctl certs status cluster.yaml', file)
  const status = await run(cluster, ...shown, '--output', 'json')
  expect(status.exitCode).toBe(0)
  const { certificates } = JSON.parse(status.stdout) as { readonly certificates: readonly Shown[] }
  const ofKubeadm = certificates.filter(({ host, path }) => nodes.includes(host) && path.startsWith('/etc/kubernetes/'))
  expect(ofKubeadm.filter(({ daysLeft }) => daysLeft < 360)).toEqual([])
  expect(ofKubeadm.length).toBeGreaterThanOrEqual(13 * nodes.length)
  expect(ofKubeadm.filter(({ path }) => path.includes('super-admin'))).toEqual([])
  // What is younger than a day is not renewed again.
  const all = await run(cluster, ...handbook('certificates', 'evcctl certs renew cluster.yaml --dry-run', file))
  expect(all.stdout).toContain('No changes.')
}

/** Gives a user a kubeconfig, with which the API server takes them for who they are, and lets them do nothing. */
export async function expectUserAccess(cluster: TestCluster, node: string): Promise<void> {
  const file = join(cluster.folder, 'ana.conf')
  const words = handbook(
    'certificates',
    'evcctl kubeconfig cluster.yaml --user ana --group developers --for 8h --file ana.conf',
    { 'cluster.yaml': cluster.file, 'ana.conf': file },
  )
  const given = await run(cluster, ...words)
  expect([given.exitCode, given.stderr]).toEqual([0, ''])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const { exitCode, stdout, stderr } = await cluster.hosts.exec(
    node,
    `umask 077; cat >/run/ana.conf <<'END'\n${await readFile(file, 'utf8')}\nEND
export KUBECONFIG=/run/ana.conf
kubectl auth whoami -o 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}'
if kubectl get nodes; then exit 1; fi`,
  )
  expect([exitCode, stdout], stderr).toEqual([0, 'ana ["developers","system:authenticated"]'])
}
