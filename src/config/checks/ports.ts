import { type Draft, hostLabel } from '../draft.ts'
import { isMapping, type Path, valueAt } from '../finding.ts'
import { defaultNodePorts, type NodePorts, parseNodePorts } from '../node-ports.ts'
import type { Check, Report } from './check.ts'

// https://kubernetes.io/docs/reference/networking/ports-and-protocols/, and the components' own health and metrics ports.
const takenPorts: Readonly<Record<number, string>> = {
  2379: 'etcd',
  2380: 'etcd',
  2381: 'etcd',
  10248: 'the kubelet',
  10249: 'kube-proxy',
  10250: 'the kubelet',
  10256: 'kube-proxy',
  10257: 'kube-controller-manager',
  10259: 'kube-scheduler',
}

/** Checks that ports on the nodes do not collide, and that the control plane endpoint is valid. */
export const checkPorts: Check = (draft, report) => {
  const { bindPort, localProxyPort } = draft.sections.controlPlane
  checkEndpoint(draft, report)
  const bindSound = draft.sound('spec.controlPlane.bindPort')
  const proxySound =
    draft.sound('spec.controlPlane.localProxyPort') && draft.sections.controlPlane.endpoint === undefined
  const nodePorts = nodePortRange(draft, report)
  if (bindSound) checkPort(draft, 'bindPort', bindPort, nodePorts, report)
  if (proxySound) checkPort(draft, 'localProxyPort', localProxyPort, nodePorts, report)
  if (bindSound && proxySound && bindPort === localProxyPort) {
    report({
      path: ['spec', 'controlPlane', draft.given('spec.controlPlane.localProxyPort') ? 'localProxyPort' : 'bindPort'],
      problem: `localProxyPort and bindPort are both ${bindPort}.`,
      expected: 'two ports: on a control plane node the proxy and kube-apiserver run side by side',
    })
  }
}

function checkPort(
  draft: Draft,
  key: 'bindPort' | 'localProxyPort',
  port: number,
  nodePorts: NodePorts,
  report: Report,
): void {
  const path: Path = ['spec', 'controlPlane', key]
  const taken = takenPorts[port]
  if (taken !== undefined)
    report({ path, problem: `Port ${port} is used by ${taken}.`, expected: 'a port that is free on every node' })
  if (port >= nodePorts.first && port <= nodePorts.last)
    report({
      path,
      problem: `Port ${port} lies in the range of NodePort services (${nodePorts.first}-${nodePorts.last}).`,
      expected: 'a port outside of it',
    })
  const login = draft.hosts.find(({ host }) => (host.ssh?.port ?? draft.sections.ssh.port ?? 22) === port)
  if (login !== undefined)
    report({ path, problem: `Port ${port} is where sshd of ${hostLabel(login)} listens.`, expected: 'another port' })
}

function checkEndpoint(draft: Draft, report: Report): void {
  const { endpoint } = draft.sections.controlPlane
  if (endpoint === undefined || !draft.sound('spec.controlPlane.endpoint')) return
  const port = Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))
  if (port < 1 || port > 65_535)
    report({
      path: ['spec', 'controlPlane', 'endpoint'],
      problem: `${port} is not a port.`,
      expected: 'a port, 1 to 65535',
    })
  for (const key of ['localProxy', 'localProxyPort'])
    if (draft.given(`spec.controlPlane.${key}`))
      report({
        path: ['spec', 'controlPlane', key],
        at: 'key',
        problem: `${key} has no effect when there is an endpoint: nodes then go to ${endpoint}.`,
        next: `Remove ${key} or endpoint.`,
      })
}

// kube-apiserver's --service-node-port-range: from the patch of ClusterConfiguration, else the default.
function nodePortRange(draft: Draft, report: Report): NodePorts {
  const path: Path = ['spec', 'kubernetes', 'clusterConfiguration', 'apiServer', 'extraArgs']
  const args = valueAt(draft.sections.kubernetes.clusterConfiguration, path.slice(3))
  if (!Array.isArray(args)) return defaultNodePorts
  const index = args.findIndex(arg => isMapping(arg) && arg.name === 'service-node-port-range')
  if (index === -1) return defaultNodePorts
  const value: unknown = valueAt(args, [index, 'value'])
  const range = parseNodePorts(value)
  if (range === undefined) {
    report({
      path: [...path, index, 'value'],
      problem: `${JSON.stringify(value)} is not a range of ports.`,
      expected: 'e.g. 30000-32767, within 1 and 65535',
    })
    return defaultNodePorts
  }
  const taken = Object.keys(takenPorts)
    .map(Number)
    .find(port => port >= range.first && port <= range.last)
  if (taken !== undefined)
    report({
      path: [...path, index, 'value'],
      problem: `The range of NodePort services contains port ${taken}, which ${takenPorts[taken]} uses.`,
      expected: 'a range without it',
    })
  return range
}
