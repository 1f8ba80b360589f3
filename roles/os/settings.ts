/**
 * Packages of Debian and Ubuntu that a node needs. kubeadm's preflight looks for mount, losetup (both in `mount`), ip,
 * iptables, conntrack, ethtool and socat (kubernetes/cmd/kubeadm/app/preflight/checks.go, 1.34 and older). CNI plugins
 * call iptables, downloads need curl and ca-certificates, and kmod provides modprobe.
 */
export const packageNames: readonly string[] = [
  'ca-certificates',
  'conntrack',
  'curl',
  'ethtool',
  'iproute2',
  'iptables',
  'kmod',
  'mount',
  'socat',
]

/**
 * Modules of the kernel. overlay: for containerd's snapshots. br_netfilter: iptables then sees packets that cross a bridge;
 * without it, Services do not work between pods of one node. nf_conntrack: kube-proxy sets its limits.
 */
export const kernelModuleNames: readonly string[] = ['br_netfilter', 'nf_conntrack', 'overlay']

/**
 * Kernel settings. Pod traffic needs ip_forward and net.bridge (kubernetes.io, "Container Runtimes"). The kubelet with
 * protectKernelDefaults needs kernel.* and vm.* (kubernetes/pkg/util/sysctl). The reserved ports are the default range of
 * NodePorts, which no outgoing connection may use.
 */
export const sysctlValues: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
  'kernel.keys.root_maxbytes': '25000000',
  'kernel.keys.root_maxkeys': '1000000',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
  'vm.overcommit_memory': '1',
  'vm.panic_on_oom': '0',
  'net.ipv4.ip_local_reserved_ports': '30000-32767',
}

/**
 * Every container runtime, kubelet and log shipper uses some inotify instances, of which the kernel allows 128 by default.
 */
export const sysctlLowerBounds: Readonly<Record<string, number>> = { 'fs.inotify.max_user_instances': 8192 }

/** Settings that do not exist where the kernel has no IPv6, or no key retention service. */
export const sysctlOptional: readonly string[] = [
  'net.bridge.bridge-nf-call-ip6tables',
  'kernel.keys.root_maxbytes',
  'kernel.keys.root_maxkeys',
]
