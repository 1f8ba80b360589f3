import { etcdPackages } from '../../roles/etcd-host/index.ts'
import { type OsOutputs, os } from '../../roles/os/index.ts'
import {
  type ClusterSpec,
  hasEtcdHosts,
  isControlPlane,
  isEtcdHost,
  type Machine,
  type PreparedPrograms,
  type Site,
  type Task,
} from '../../src/index.ts'
import { localProxyOf } from './local-proxy.ts'
import type { OpenedHost } from './open-firewalls.ts'

/** A host on which any program can be installed. */
export interface PreparedHost extends OpenedHost {
  /** Done when the host has its packages, folders and kernel settings. */
  readonly system: readonly Task[]
}

/** A host that can become a node. */
export interface PreparedNode extends PreparedHost {
  /** Done when the host can become a node. */
  readonly prepared: readonly Task[]
  readonly programs: PreparedPrograms
}

/** Prepares a host to become a node. It waits for no other host. */
export function prepareNode(on: Site, { machine, opened }: OpenedHost): PreparedNode {
  const { spec, apiServers } = on.inventory
  const { name } = machine
  const system = prepareSystem(on, machine)
  const installed = system.packages === undefined ? [] : [system.packages]
  const proxyKind = localProxyOf(spec)
  const proxy =
    proxyKind &&
    on.declare(proxyKind.role, name, {
      port: spec.controlPlane.localProxyPort,
      upstreams: apiServers,
      ...(isControlPlane(machine.host) ? { own: machine.address } : {}),
      upstreamPort: spec.controlPlane.bindPort,
      replaces: proxyKind.replaces,
      after: installed,
    })
  const programs = on.distribution.prepare(on, machine, {
    downloadAfter: installed,
    startAfter: system.all,
    units: proxyKind === undefined ? [] : [proxyKind.unit],
  })
  const proxied = proxy === undefined ? [] : [proxy.ready]
  const prepared = [...system.all, ...opened, ...proxied, ...programs.ready]
  return { machine, opened, system: system.all, prepared, programs }
}

function prepareSystem(on: Site, machine: Machine): OsOutputs {
  const { spec } = on.inventory
  const { name, host, address, proxy } = machine
  const programs = on.distribution.packages(on, machine)
  const localProxy = localProxyOf(spec)
  const makesKeys = hasEtcdHosts(spec) && (isControlPlane(host) || isEtcdHost(host))
  return on.declare(os, name, {
    packages: {
      ...spec.os.packages,
      extra: [
        ...spec.os.packages.extra,
        ...(localProxy?.packages ?? []),
        ...(makesKeys ? etcdPackages : []),
        ...programs.names,
      ],
      keepDisabled: [...(localProxy === undefined ? [] : [localProxy.packageUnit]), ...programs.keepDisabled],
    },
    sysctls: spec.os.sysctls,
    kernelModules: [...spec.os.kernelModules, ...modulesOf(spec)],
    disableSwap: spec.os.disableSwap,
    setHostname: spec.os.setHostname,
    hostname: name,
    address,
    ...(proxy === undefined ? {} : { proxy }),
  })
}

// Some kernels have the module vxlan in a separate package (linux-modules-extra-raspi of Ubuntu 21.10 to 23.10). An early
// error is better than a network that never works.
function modulesOf({ network }: ClusterSpec): readonly string[] {
  const { cni, flannel, calico } = network
  const isVxlan = {
    flannel: flannel.backend === 'vxlan',
    calico: calico.encapsulation === 'vxlan',
    cilium: true,
    none: false,
  }
  return isVxlan[cni] ? ['vxlan'] : []
}
