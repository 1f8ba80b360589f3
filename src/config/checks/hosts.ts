import { type DraftHost, hostLabel, hostPath } from '../draft.ts'
import type { Check, Report } from './check.ts'

/** Checks that there is a control plane node and that no host name and no role of a host occurs twice. */
export const checkHosts: Check = (draft, report) => {
  const controlPlane = draft.present.filter(({ host }) => host.roles?.includes('control-plane'))
  const rolesSound = draft.hosts.every(({ host }) => host.roles !== undefined)
  if (controlPlane.length === 0 && rolesSound && draft.hosts.length > 0) {
    const leaving = draft.hosts.filter(({ host }) => host.roles?.includes('control-plane')).length
    report({
      path: ['spec', 'hosts'],
      at: 'key',
      problem:
        leaving === 0
          ? 'No host is a control plane node.'
          : `No control plane node would be left: all ${leaving} have state: absent.`,
      expected:
        leaving === 0
          ? 'one host with roles: [control-plane], or three or five for high availability'
          : 'at least one host with roles: [control-plane] that is present',
    })
  }
  for (const host of draft.hosts) {
    const roles = host.host.roles ?? []
    if (new Set(roles).size < roles.length)
      report({ path: hostPath(host, 'roles'), problem: `${hostLabel(host)} has the same role twice.` })
  }
  checkNames(draft.hosts, report)
}

function checkNames(hosts: readonly DraftHost[], report: Report): void {
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
        next: 'If it is one machine, list it once, with all its roles; else give it another name.',
      })
  }
}
