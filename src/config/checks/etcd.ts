import { lt } from 'semver'
import { describeTolerance } from '../../etcd/index.ts'
import { type Draft, hostLabel, hostPath } from '../draft.ts'
import type { Check, Report } from './check.ts'

/** Checks that external etcd is either an odd number of hosts with role etcd, or an etcd that exists already. */
export const checkEtcd: Check = (draft, report) => {
  if (!draft.sound('spec.etcd')) return
  checkAge(draft, report)
  const hosts = draft.present.filter(({ host }) => host.roles?.includes('etcd'))
  if (draft.sections.etcd.topology === 'stacked') checkStacked(draft, hosts, report)
  else if (draft.given('spec.etcd.endpoints') || draft.given('spec.etcd.certificates')) {
    checkExisting(draft, hosts, report)
  } else checkMembers(draft, hosts, report)
}

function checkStacked(draft: Draft, hosts: Draft['hosts'], report: Report): void {
  for (const key of ['version', 'endpoints', 'certificates']) {
    if (!draft.given(`spec.etcd.${key}`)) continue
    report({
      path: ['spec', 'etcd', key],
      at: 'key',
      problem: `${key} has no effect with stacked etcd, which kubeadm runs on the control plane nodes.`,
      next: `Set topology: external, or remove ${key}.`,
    })
  }
  if (draft.hosts.every(({ host }) => host.roles !== undefined)) checkStackedCount(draft, report)
  for (const host of hosts) {
    report({
      path: hostPath(host, 'roles'),
      problem: `${hostLabel(host)} has the role etcd, but etcd is stacked: it runs on the control plane nodes.`,
      next: 'Set spec.etcd.topology: external, or remove the role.',
    })
  }
}

// https://etcd.io/docs/v3.6/faq/#why-an-odd-number-of-cluster-members
function checkStackedCount(draft: Draft, report: Report): void {
  const members = draft.present.filter(({ host }) => host.roles?.includes('control-plane')).length
  if (members === 0 || members % 2 === 1 || draft.sections.etcd.allowEvenMembers) return
  report({
    path: ['spec', 'hosts'],
    at: 'key',
    problem: `${members} control plane nodes make an even number of etcd members.`,
    expected: `an odd number: ${describeTolerance(members - 1)}; ${describeTolerance(members)}, with one machine more to fail; ${describeTolerance(members + 1)}`,
    next: `Make it ${members - 1} or ${members + 1} control plane nodes; or, if it has to be so for a while, set spec.etcd.allowEvenMembers: true`,
  })
}

function checkExisting(draft: Draft, hosts: Draft['hosts'], report: Report): void {
  const { endpoints = [] } = draft.sections.etcd
  for (const host of hosts) {
    report({
      path: hostPath(host, 'roles'),
      problem: `${hostLabel(host)} has the role etcd, but spec.etcd names an etcd that exists already.`,
      expected: 'either hosts with the role etcd, or spec.etcd.endpoints and certificates',
      next: 'Remove the role, or endpoints and certificates.',
    })
  }
  for (const [key, other] of [
    ['endpoints', 'certificates'],
    ['certificates', 'endpoints'],
  ] as const) {
    if (draft.given(`spec.etcd.${key}`)) continue
    report({
      path: ['spec', 'etcd', other],
      at: 'key',
      problem: `${other} alone are not enough for an etcd that exists already.`,
      expected: `${key}, too`,
    })
  }
  for (const [index, endpoint] of endpoints.entries()) {
    if (endpoints.indexOf(endpoint) === index) continue
    report({ path: ['spec', 'etcd', 'endpoints', index], problem: `${endpoint} is listed twice.` })
  }
  for (const key of ['version', 'allowEvenMembers', 'backup']) {
    if (!draft.given(`spec.etcd.${key}`)) continue
    report({
      path: ['spec', 'etcd', key],
      at: 'key',
      problem: `${key} has no effect on an etcd that exists already.`,
      next: `Remove ${key}.`,
    })
  }
}

// A host cannot have both roles: kubeadm join would take etcd's data for that of a stacked etcd.
function checkRoles(hosts: Draft['hosts'], report: Report): void {
  for (const host of hosts) {
    const roles = host.host.roles ?? []
    if (!roles.includes('worker') || roles.includes('control-plane')) continue
    report({
      path: hostPath(host, 'roles'),
      problem: `${hostLabel(host)} cannot be a worker and an etcd host.`,
      expected: 'etcd alone, or together with control-plane',
      actual: roles.join(', '),
      next: 'Remove one of the two roles. kubeadm join would take the data of etcd for that of a control plane node.',
    })
  }
}

/** https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/: etcd 3.5 is the oldest that its makers support. */
const oldest = '3.5.0'

function checkAge(draft: Draft, report: Report): void {
  const { version } = draft.sections.etcd
  if (version === undefined || !draft.sound('spec.etcd.version') || !lt(version, oldest)) return
  report({
    path: ['spec', 'etcd', 'version'],
    problem: `etcd ${version} is too old for Kubernetes.`,
    expected: `${oldest} or newer`,
    next: `Set a newer version, or leave it out: evcctl then takes the one that Kubernetes is tested with.`,
  })
}

function checkMembers(draft: Draft, hosts: Draft['hosts'], report: Report): void {
  if (!draft.hosts.every(({ host }) => host.roles !== undefined)) return
  checkRoles(hosts, report)
  const size = hosts.length
  if (size === 0) {
    report({
      path: ['spec', 'etcd', 'topology'],
      problem: 'There is no host for the external etcd.',
      expected:
        'one, three or five hosts with the role etcd, or spec.etcd.endpoints and certificates of an existing one',
    })
  } else if (size % 2 === 0 && !draft.sections.etcd.allowEvenMembers) {
    report({
      path: hostPath(hosts.at(-1) as Draft['hosts'][number], 'roles'),
      problem: `${size} etcd hosts are no safer than ${size - 1}: ${describeTolerance(size)}, ${describeTolerance(size - 1)}.`,
      expected: 'an odd number of hosts with the role etcd',
      actual: `${size}: ${hosts.map(hostLabel).join(', ')}`,
      next: 'Add or remove one; or, for a time of transition, set spec.etcd.allowEvenMembers: true.',
    })
  }
}
