import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import type { NetworkPath } from '../../src/resources/network-check/cause.ts'
import { type CheckPods, checkPods } from '../../src/resources/network-check/pods.ts'
import { type NodeResults, readResults } from '../../src/resources/network-check/script.ts'

export const checkName = 'evcctl-network-check-0011aabb'

/** The UID of the pod on a node: cp1, w1, w2. */
export const uidGiven = (index: number): string => `0000000${index}-1111-2222-3333-444444444444`

/** The pods of a check on three nodes, all of which run but for those whose row says otherwise. */
export function podsGiven(rows: Readonly<Record<string, string>> = {}, name = checkName): CheckPods {
  const pods = ['cp1', 'w1', 'w2'].map((node, index) => {
    const row = rows[node] ?? `10.244.${index}.5\t192.0.2.1${index}\tRunning\t\t\t\t`
    return `pod=${node}\t${name}-${node}\t${row}\nuid=${name}-${node}\t${uidGiven(index)}\n`
  })
  const stdout = `name=${name}\ndns=yes\ndnsNode=cp1\n${pods.join('')}`
  return checkPods({ api: kubeadmApi, image: 'registry.k8s.io/pause:3.10.2' }).parse({
    exitCode: 0,
    stdout,
    stderr: '',
  })
}

export const checkPodsGiven = podsGiven()

/** What the script of a node prints of one pair, and what it is to have found of DNS and Services. */
export function resultsGiven(node: string, pairs: readonly string[], service = 'reached\t'): NodeResults {
  const stdout = [...pairs.map(pair => `pair=${pair}\n`), `service=${service}\n`].join('')
  const peers = pairs.map(pair => pair.slice(0, pair.indexOf('\t')))
  return readResults(node, checkPodsGiven, peers, { stdout, stderr: '' })
}

export const vxlan: NetworkPath = {
  name: 'VXLAN of flannel',
  carriedBy: 'UDP port 8472',
  filter: 'udp port 8472',
  podCIDR: '10.244.0.0/16',
  look: 'kubectl -n kube-flannel get pods -o wide',
}
