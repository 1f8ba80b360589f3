import { type DraftHost, hostLabel, hostPath } from '../draft.ts'
import type { Check } from './check.ts'

/** One control plane node, and every name once. */
export const checkHosts: Check = (draft, report) => {
  const controlPlane = draft.hosts.filter(({ host }) => host.roles?.includes('control-plane'))
  const rolesSound = draft.hosts.every(({ host }) => host.roles !== undefined)
  if (controlPlane.length === 0 && rolesSound && draft.hosts.length > 0) {
    report({
      path: ['spec', 'hosts'],
      at: 'key',
      problem: 'No host is a control plane node.',
      expected: 'one host with roles: [control-plane]',
    })
  }
  const [first, ...more] = controlPlane
  for (const host of more) {
    report({
      path: hostPath(host, 'roles'),
      problem: `${hostLabel(host)} would be a second control plane node beside ${first === undefined ? '' : hostLabel(first)}.`,
      expected: 'exactly one control plane node: this version of evcctl cannot join more of them yet',
      next: 'Write roles: [worker].',
    })
  }
  for (const host of draft.hosts) {
    const roles = host.host.roles ?? []
    if (new Set(roles).size < roles.length)
      report({ path: hostPath(host, 'roles'), problem: `${hostLabel(host)} has the same role twice.` })
  }
  checkNames(draft.hosts, report)
}

function checkNames(hosts: readonly DraftHost[], report: Parameters<Check>[1]): void {
  const seen = new Map<string, DraftHost>()
  for (const host of hosts) {
    const name = host.host.name
    if (name === undefined) continue
    const other = seen.get(name)
    if (other === undefined) seen.set(name, host)
    else
      report({
        path: hostPath(host, 'name'),
        problem: `The name "${name}" is taken by spec.hosts[${String(other.path.at(-1))}].`,
        expected: 'a name of its own for every host: it becomes the name of the node',
      })
  }
}
