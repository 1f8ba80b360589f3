import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { cluster, renewal } from '../../playbooks/cluster.ts'
import { hostBatches } from '../../playbooks/rolling.ts'
import { type Graph, inventoryOf, type TaskId } from '../../src/index.ts'
import { temporaryFolder } from '../cli/run-cli.ts'
import { factsOf, specOf, waitsFor } from './given.ts'

const names = ['cp1', 'cp2', 'cp3']
const hosts = names.map((name, index) => ({ name, address: `192.0.2.${index + 1}`, roles: ['control-plane'] }))
const spec = specOf({ hosts })
const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
const listening = [22, 2379].map(port => ({ port, address: '0.0.0.0', process: 'x' }))
const facts = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address, { kubernetes, listening })]))
const inventory = inventoryOf(spec, kubeadm, facts)
const certificates = (name: string) => `${name}/kubeadm certificates:node`

/** What a control plane node prints whose API server has a certificate of so many days. */
async function printedWith(days: number): Promise<string> {
  await using folder = await temporaryFolder()
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  const script = `openssl req -x509 ${newKey} -keyout ca.key -subj /CN=kubernetes -days 3650 -out ca.crt
openssl req -new ${newKey} -keyout key -subj /CN=kube-apiserver -out request
openssl x509 -req -in request -CA ca.crt -CAkey ca.key -set_serial 1 -days ${days} -out apiserver.crt
for name in ca apiserver; do echo "certificate /etc/kubernetes/pki/$name.crt $(openssl x509 -in $name.crt -outform der | base64 | tr -d '\\n')"; done`
  const printed = execFileSync('sh', ['-ec', script], {
    cwd: folder.path,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return `joined=yes\nnow=${Math.floor(Date.now() / 1000)}\nkey=ca\n${printed}`
}

function changeIn(graph: Graph, stdout: string) {
  const { resource } = graph.tasks.get(certificates('cp2') as TaskId)!
  const state = resource.probe.parse({ exitCode: 0, stderr: '', stdout })
  return resource.diff(state, resource.desired as never, { watched: [] })
}

describe('the certificates of control plane nodes', () => {
  test('are renewed on one node after the other, each when the node before is well with its own', () => {
    const graph = cluster(inventory)
    expect(hostBatches(spec, facts)).toEqual([['cp1'], ['cp2'], ['cp3']])
    for (const [before, after] of [
      ['cp1', 'cp2'],
      ['cp2', 'cp3'],
    ] as const) {
      const waits = waitsFor(graph, certificates(after))
      expect([...waits]).toEqual(
        expect.arrayContaining([
          certificates(before),
          `${before}/kubeadm configuration:node`,
          `${before}/node:${before}`,
        ]),
      )
      expect(waitsFor(graph, certificates(before))).not.toContain(certificates(after))
    }
  })

  test('come before all that asks the API of the first node, and before its static pods', () => {
    const graph = cluster(inventory)
    for (const id of ['cp1/kubeadm init:cluster', 'cp1/kubeadm configuration:node', 'cp1/node:cp1'])
      expect([...waitsFor(graph, id)]).toContain(certificates('cp1'))
  })

  test('are renewed with 29 days left, and by certs renew whatever is older than a day', async () => {
    const [due, half, young] = [await printedWith(29), await printedWith(200), await printedWith(365)]
    const both = [cluster(inventory), renewal(inventory)]
    expect(both.map(graph => changeIn(graph, due)?.action)).toEqual(['update', 'update'])
    expect(both.map(graph => changeIn(graph, half)?.action)).toEqual([undefined, 'update'])
    expect(both.map(graph => changeIn(graph, young))).toEqual([undefined, undefined])
  })
})
