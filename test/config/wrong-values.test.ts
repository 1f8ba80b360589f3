import { describe, expect, it } from 'vitest'
import { formatError } from '../../src/core/index.ts'
import { cluster, controlPlane, errorsOf, worker, workerWith } from './cluster-file.ts'

// What is wrong, the file, the path that is named, and words of the one error that is reported.
type Case = readonly [what: string, file: string, path: string, ...words: readonly string[]]

const spec = (text: string): string => cluster(text)
const host = (keys: string): string => cluster('', [controlPlane, workerWith(keys)])
const hosts = (...lines: readonly string[]): string => cluster('', lines)

// biome-ignore format: a table, one line a case
const cases: readonly Case[] = [
  // versions
  ['no such version', spec('kubernetes: { version: 1.36.9 }'), 'spec.kubernetes.version', 'no version 1.36.9', '1.36.4'],
  ['a version too old', spec('kubernetes: { version: 1.33.2 }'), 'spec.kubernetes.version', '1.34 to 1.36'],
  ['a version as a number', spec('kubernetes: { version: 1.36 }'), 'spec.kubernetes.version', 'as a number', 'newest 1.36 is 1.36.4'],
  ['a number that loses its zero', spec('kubernetes: { version: 1.30 }'), 'spec.kubernetes.version', '1.30 as a number'],
  ['a minor only', spec('kubernetes: { version: "1.35" }'), 'spec.kubernetes.version', 'full version', '1.35.8'],
  ['latest', spec('kubernetes: { version: latest }'), 'spec.kubernetes.version', 'newest version is 1.36.4'],
  ['no such containerd', spec('runtime: { version: 2.3.99 }'), 'spec.runtime.version', '2.3.4'],
  ['no such runc', spec('runtime: { runcVersion: 1.0.0 }'), 'spec.runtime.runcVersion', '1.4.3'],
  ['no such CNI plugins', spec('network: { cniPluginsVersion: 1.0.0 }'), 'spec.network.cniPluginsVersion', '1.9.1'],
  ['no such flannel', spec('network: { flannel: { version: 0.27.0 } }'), 'spec.network.flannel.version', '0.28.4'],
  // keys
  ['a typing error in a key', host('adress: 192.0.2.21'), 'spec.hosts[1].adress', 'Did you mean "address"?'],
  ['another case', spec('network: { podCidr: 10.1.0.0/16 }'), 'spec.network.podCidr', 'Did you mean "podCIDR"?'],
  ["another tool's word", host('hostname: w1'), 'spec.hosts[1].hostname', 'Did you mean "name"?'],
  ['a key in the wrong place', spec('podCIDR: 10.1.0.0/16'), 'spec.podCIDR', 'belongs to spec.network.podCIDR'],
  ["another tool's word elsewhere", spec('podSubnet: 10.1.0.0/16'), 'spec.podSubnet', 'spec.network.podCIDR'],
  ['a key of a later version', spec('firewall: { enabled: true }'), 'spec.firewall', 'no key "firewall"', 'kubernetes'],
  ['a key that means nothing', spec('etcd: { xyzzy: 1 }'), 'spec.etcd.xyzzy', 'one of topology'],
  ['the beginning of a key', spec('kubernetes: { kubeletConfig: {} }'), 'spec.kubernetes.kubeletConfig', '"kubeletConfiguration"?'],
  // types and choices
  ['a no-break space before a key', spec('ssh: { \u00a0user: a }'), 'spec.ssh["\u00a0user"]', 'no-break space'],
  ['an empty entry', hosts(controlPlane, ''), 'spec.hosts[1]', 'hosts[1] has no value' ],
  ['a name for a host', hosts(controlPlane, 'w1'), 'spec.hosts[1]', 'hosts[1] has the wrong type'],
  ['a mapping for a list', `${cluster().split('  hosts:')[0]}  hosts: { cp1: {} }\n`, 'spec.hosts', 'Begin each entry of hosts with "- "'],
  ['labels as a list', host('labels: ["a=b"]'), 'spec.hosts[1].labels', 'lines of "key: value"'],
  ['a list that is half a list', hosts(controlPlane, '{ name: w1, address: 192.0.2.21, roles: "worker]" }'), 'spec.hosts[1].roles', 'Write roles: [worker]'],
  ['a version that is not there', spec('kubernetes: { version: }'), 'spec.kubernetes.version', 'version has no value', 'Give it a value'],
  ['a variable', spec('ssh: { user: "${USER}" }'), 'spec.ssh.user', 'Nothing is substituted'],
  ['a template', spec('ssh: { user: "{{ user }}" }'), 'spec.ssh.user', 'Nothing is substituted'],
  ['typographic quotes', spec('ssh: { user: “ubuntu” }'), 'spec.ssh.user', 'plain quotes'],
  ['flags as a mapping', spec('kubernetes: { clusterConfiguration: { apiServer: { extraArgs: { v: 4 } } } }'), 'spec.kubernetes.clusterConfiguration.apiServer.extraArgs', 'Write - { name: v, value: "4" }'],
  ['flags of the kubelet as a mapping', spec('kubernetes: { joinConfiguration: { nodeRegistration: { kubeletExtraArgs: { v: 4 } } } }'), 'spec.kubernetes.joinConfiguration.nodeRegistration.kubeletExtraArgs', 'v1beta4'],
  ['a list for a mapping', spec('network: []'), 'spec.network', 'a mapping'],
  ['a text for a list', hosts(controlPlane, '{ name: w1, address: 192.0.2.21, roles: worker }'), 'spec.hosts[1].roles', 'roles: [worker]'],
  ['no role at all', hosts(controlPlane, '{ name: w1, address: 192.0.2.21, roles: [] }'), 'spec.hosts[1].roles', 'at least one'],
  ['the same role twice', hosts(controlPlane, '{ name: w1, address: 192.0.2.21, roles: [worker, worker] }'), 'spec.hosts[1].roles', 'twice'],
  ['a role of old', hosts('{ name: cp1, address: 192.0.2.11, roles: [master] }', worker), 'spec.hosts[0].roles[0]', '"control-plane"?'],
  ['a choice misspelt', spec('network: { cni: flanel }'), 'spec.network.cni', 'Did you mean "flannel"?'],
  ['a choice of later', spec('network: { cni: cilium }'), 'spec.network.cni', 'one of flannel, none'],
  ['an etcd topology that is none', spec('etcd: { topology: outside }'), 'spec.etcd.topology', 'stacked', 'external'],
  ['yes for true', spec('os: { disableSwap: yes }'), 'spec.os.disableSwap', 'disableSwap: true'],
  ['a quoted number', spec('controlPlane: { bindPort: "6443" }'), 'spec.controlPlane.bindPort', 'without quotes'],
  ['a port out of range', spec('controlPlane: { bindPort: 70000 }'), 'spec.controlPlane.bindPort', '1 to 65535'],
  ['a duration without unit', spec('preflight: { maxClockDeviation: 30 }'), 'spec.preflight.maxClockDeviation', '30 has no unit', '30s'],
  ['a duration in words', spec('ssh: { connectTimeout: long }'), 'spec.ssh.connectTimeout', '5m'],
  ['a size in GB', spec('preflight: { minMemory: { worker: 1GB } }'), 'spec.preflight.minMemory.worker', '2Gi'],
  ['a check that is none', spec('preflight: { ignore: [memmory] }'), 'spec.preflight.ignore[0]', '"memory"?'],
  ['a label that is a number', host('labels: { a: 1 }'), 'spec.hosts[1].labels.a', 'a: "1"'],
  ['a label that is empty', host('labels: { a: }'), 'spec.hosts[1].labels.a', 'a: ""'],
  ['no hosts', `${cluster().split('  hosts:')[0]}  hosts: []\n`, 'spec.hosts', 'at least one host'],
  ['the key without hosts', `${cluster().split('  hosts:')[0]}  hosts:\n`, 'spec.hosts', 'a list', 'nothing'],
  ['hosts without a key', `${cluster().split('  hosts:')[0]}  etcd: {}\n`, 'spec.hosts', '"hosts" is missing'],
  ['a host without address', hosts(controlPlane, '{ name: w1, roles: [worker] }'), 'spec.hosts[1].address', 'is missing'],
  ['no cluster name', cluster().replace('{ name: edge }', '{}'), 'metadata.name', 'is missing'],
  ['a bad cluster name', cluster().replace('edge', 'Edge_1'), 'metadata.name', 'lower-case'],
  ['another apiVersion', cluster().replace('v1alpha1', 'v1'), 'apiVersion', 'evcctl.dev/v1alpha1'],
  // hosts
  ['no control plane', hosts(worker), 'spec.hosts', 'control plane node'],
  ['two control planes', hosts(controlPlane, '{ name: cp2, address: 192.0.2.12, roles: [control-plane] }'), 'spec.hosts', '2 members need 2 and survive the loss of 0'],
  ['a duplicate name', hosts(controlPlane, '{ name: cp1, address: 192.0.2.21, roles: [worker] }'), 'spec.hosts[1].name', 'taken by spec.hosts[0]'],
  ['a duplicate address', hosts(controlPlane, '{ name: w1, address: 192.0.2.11, roles: [worker] }'), 'spec.hosts[1].address', 'address of cp1'],
  ['a duplicate IPv6 address', hosts('{ name: cp1, address: "2001:db8::1", privateAddress: 10.0.0.1, roles: [control-plane] }', '{ name: w1, address: "2001:db8:0::1", privateAddress: 10.0.0.2, roles: [worker] }'), 'spec.hosts[1].address', 'address of cp1'],
  ['a private address that is another host', host('privateAddress: 192.0.2.11'), 'spec.hosts[1].privateAddress', 'address of cp1'],
  ['a private address that is the login of a host with another', hosts('{ name: cp1, address: 192.0.2.1, privateAddress: 10.0.0.1, roles: [control-plane] }', '{ name: w1, address: 192.0.2.2, privateAddress: 192.0.2.1, roles: [worker] }'), 'spec.hosts[1].privateAddress', 'address of cp1'],
  ['one login by the default port', cluster('ssh: { port: 2222 }', [ controlPlane, '{ name: w1, address: 192.0.2.11, ssh: { port: 2222 }, roles: [worker] }']), 'spec.hosts[1].address', 'address of cp1'],
  ['a key that JavaScript treats in a special way', spec('etcd: { __proto__: 1 }'), 'spec.etcd.__proto__', 'no key "__proto__"'],
  ['two machines behind one address', hosts('{ name: cp1, address: 192.0.2.1, ssh: { port: 2201 }, roles: [control-plane] }', '{ name: w1, address: 192.0.2.1, ssh: { port: 2202 }, roles: [worker] }'), 'spec.hosts[1].address', 'privateAddress'],
  ['a name with an underscore', hosts(controlPlane, '{ name: w_1, address: 192.0.2.21, roles: [worker] }'), 'spec.hosts[1].name', 'Kubernetes accepts'],
  ['a name that is too long', hosts(controlPlane, `{ name: ${'w'.repeat(64)}, address: 192.0.2.21, roles: [worker] }`), 'spec.hosts[1].name', '63'],
  ['user@host', hosts(controlPlane, '{ name: w1, address: ada@w1.example, roles: [worker] }'), 'spec.hosts[1].address', 'ssh: { user: ada }'],
  ['host:port', hosts(controlPlane, '{ name: w1, address: "w1.example:2222", roles: [worker] }'), 'spec.hosts[1].address', 'ssh: { port: 2222 }'],
  ['a URL', hosts(controlPlane, '{ name: w1, address: ssh://w1.example, roles: [worker] }'), 'spec.hosts[1].address', 'Leave out ssh://'],
  ['an address with prefix', hosts(controlPlane, '{ name: w1, address: 192.0.2.21/24, roles: [worker] }'), 'spec.hosts[1].address', 'Write address: 192.0.2.21'],
  ['an impossible IP', hosts(controlPlane, '{ name: w1, address: 192.0.2.400, roles: [worker] }'), 'spec.hosts[1].address', 'not an IP address'],
  ['an option as address', hosts(controlPlane, '{ name: w1, address: -oProxyCommand=x, roles: [worker] }'), 'spec.hosts[1].address', 'not an address'],
  ['loopback without private address', hosts(controlPlane, '{ name: w1, address: 127.0.0.1, roles: [worker] }'), 'spec.hosts[1].address', 'loopback', 'privateAddress'],
  ['IPv6 only', hosts(controlPlane, '{ name: w1, address: "2001:db8::1", roles: [worker] }'), 'spec.hosts[1].address', 'IPv4'],
  ['a private address that is none', host('privateAddress: 10.0.0.300'), 'spec.hosts[1].privateAddress', 'not an IPv4 address'],
  ['a label key', host('labels: { "a b": c }'), 'spec.hosts[1].labels["a b"]', '[domain/]name'],
  ['a label value', host('labels: { a: "b c" }'), 'spec.hosts[1].labels.a', '63 letters'],
  ['a reserved label', host('labels: { kubernetes.io/hostname: x }'), 'spec.hosts[1].labels["kubernetes.io/hostname"]', 'for itself'],
  ['the label of control plane nodes', host('labels: { node-role.kubernetes.io/control-plane: "" }'), 'spec.hosts[1].labels["node-role.kubernetes.io/control-plane"]', 'roles'],
  ['a taint effect', host('taints: [{ key: a, effect: NoSchedul }]'), 'spec.hosts[1].taints[0].effect', '"NoSchedule"?'],
  ['a taint without effect', host('taints: [{ key: a }]'), 'spec.hosts[1].taints[0].effect', 'is missing'],
  ['a taint twice', host('taints: [{ key: a, effect: NoExecute }, { key: a, value: b, effect: NoExecute }]'), 'spec.hosts[1].taints[1]', 'twice'],
  ["a controller's taint", host('taints: [{ key: node.kubernetes.io/unreachable, effect: NoExecute }]'), 'spec.hosts[1].taints[0].key', 'itself'],
  // ssh
  ['no time to connect', spec('ssh: { connectTimeout: 0s }'), 'spec.ssh.connectTimeout', '1s to 1h'],
  ['a time to connect beyond all timers', host('ssh: { connectTimeout: 999h }'), 'spec.hosts[1].ssh.connectTimeout', '1s to 1h'],
  ['a key that JavaScript keeps', host('labels: { __proto__: x }'), 'spec.hosts[1].labels.__proto__', 'cannot be used'],
  ['the same in a patch', spec('kubernetes: { kubeletConfiguration: { a: [{ __proto__: { b: 1 } }] } }'), 'spec.kubernetes.kubeletConfiguration.a[0].__proto__', 'cannot be used'],
  ['the same where keys are known', spec('network: { __proto__: {} }'), 'spec.network.__proto__', 'no key "__proto__"'],
  ['a password in the file', spec('ssh: { password: hunter22 }'), 'spec.ssh.password', 'does not belong', 'fromEnv: SECRET'],
  ['a secret from two sources', spec('ssh: { sudoPassword: { fromEnv: A, prompt: true } }'), 'spec.ssh.sudoPassword', 'exactly one of'],
  ['a secret from nowhere', spec('ssh: { sudoPassword: {} }'), 'spec.ssh.sudoPassword', 'exactly one of'],
  ['a known_hosts policy', spec('ssh: { knownHosts: { policy: none } }'), 'spec.ssh.knownHosts.policy', 'strict, accept-new'],
  ['a jump host', host('ssh: { proxyJump: "a b" }'), 'spec.hosts[1].ssh.proxyJump', 'ssh -J'],
  // network
  ['no range', spec('network: { podCIDR: 10.244.0.0 }'), 'spec.network.podCIDR', '10.244.0.0/16'],
  ['an impossible range', spec('network: { podCIDR: 10.300.0.0/16 }'), 'spec.network.podCIDR', 'not an IPv4 range'],
  ['host bits', spec('network: { podCIDR: 10.244.1.0/16 }'), 'spec.network.podCIDR', 'Did you mean 10.244.0.0/16?'],
  ['an IPv6 range', spec('network: { podCIDR: "fd00::/48" }'), 'spec.network.podCIDR', 'IPv4'],
  ['overlapping ranges', spec('network: { podCIDR: 10.96.0.0/16 }'), 'spec.network.podCIDR', 'overlap'],
  ['a service range over the default pods', spec('network: { serviceCIDR: 10.240.0.0/12 }'), 'spec.network.serviceCIDR', 'overlap'],
  ['hosts inside the pods', spec('network: { podCIDR: 192.0.0.0/16 }'), 'spec.network.podCIDR', 'cp1 (192.0.2.11), w1'],
  ['a host inside the default pods', host('privateAddress: 10.244.3.1'), 'spec.hosts[1].privateAddress', 'spec.network.podCIDR'],
  ['a service range too large', spec('network: { serviceCIDR: 172.0.0.0/8 }'), 'spec.network.serviceCIDR', '12 to 28'],
  ['a service range too small', spec('network: { serviceCIDR: 10.96.0.0/29 }'), 'spec.network.serviceCIDR', '12 to 28'],
  ['a loopback range', spec('network: { serviceCIDR: 127.0.0.0/16 }'), 'spec.network.serviceCIDR', 'cannot be routed'],
  ['too few node ranges', spec('network: { podCIDR: 10.244.0.0/24 }'), 'spec.network.podCIDR', 'room for 1 node', '2 hosts'],
  ['nodes larger than the range', spec('network: { podCIDR: 10.244.0.0/25 }'), 'spec.network.podCIDR', 'larger than the whole'],
  ['ranges too far apart', spec('network: { podCIDR: 10.0.0.0/12, nodePrefix: 29, serviceCIDR: 172.16.0.0/16 }'), 'spec.network.nodePrefix', 'at most 16'],
  ['no room for 110 pods', spec('network: { nodePrefix: 26 }'), 'spec.network.nodePrefix', '62 pods', '110 unless set'],
  ['no room for maxPods', spec('kubernetes: { kubeletConfiguration: { maxPods: 400 } }'), 'spec.kubernetes.kubeletConfiguration.maxPods', '254'],
  ['settings of another CNI', spec('network: { cni: none, flannel: { backend: vxlan } }'), 'spec.network.flannel', 'cni is none'],
  // ports
  ['proxy and API on one port', spec('controlPlane: { localProxyPort: 6443 }'), 'spec.controlPlane.localProxyPort', 'both 6443'],
  ["the kubelet's port", spec('controlPlane: { bindPort: 10250 }'), 'spec.controlPlane.bindPort', 'the kubelet'],
  ['a node port', spec('controlPlane: { bindPort: 30443 }'), 'spec.controlPlane.bindPort', '30000-32767'],
  ['the port of sshd', spec('controlPlane: { bindPort: 22 }'), 'spec.controlPlane.bindPort', 'sshd'],
  ['an endpoint without port', spec('controlPlane: { endpoint: api.example }'), 'spec.controlPlane.endpoint', 'host:port'],
  ['an endpoint and a proxy', spec('controlPlane: { endpoint: "api.example:6443", localProxy: nginx }'), 'spec.controlPlane.localProxy', 'no effect'],
  ['a range of node ports', spec('kubernetes: { clusterConfiguration: { apiServer: { extraArgs: [{ name: service-node-port-range, value: "9-1" }] } } }'), 'spec.kubernetes.clusterConfiguration.apiServer.extraArgs[0].value', 'range of ports'],
  // patches
  ['podSubnet', spec('kubernetes: { clusterConfiguration: { networking: { podSubnet: 10.1.0.0/16 } } }'), 'spec.kubernetes.clusterConfiguration.networking.podSubnet', 'Use spec.network.podCIDR.'],
  ['kubernetesVersion', spec('kubernetes: { clusterConfiguration: { kubernetesVersion: v1.36.4 } }'), 'spec.kubernetes.clusterConfiguration.kubernetesVersion', 'spec.kubernetes.version'],
  ['controlPlaneEndpoint', spec('kubernetes: { clusterConfiguration: { controlPlaneEndpoint: "a:1" } }'), 'spec.kubernetes.clusterConfiguration.controlPlaneEndpoint', 'spec.controlPlane.endpoint'],
  ['an older kubeadm document', spec('kubernetes: { initConfiguration: { apiVersion: kubeadm.k8s.io/v1beta3 } }'), 'spec.kubernetes.initConfiguration.apiVersion', 'v1beta4'],
  ['a key kubeadm has not', spec('kubernetes: { joinConfiguration: { nodeRegistraton: {} } }'), 'spec.kubernetes.joinConfiguration.nodeRegistraton', '"nodeRegistration"?'],
  ['a flag of the kubelet', spec('kubernetes: { initConfiguration: { nodeRegistration: { kubeletExtraArgs: [{ name: node-ip, value: 1.2.3.4 }] } } }'), 'spec.kubernetes.initConfiguration.nodeRegistration.kubeletExtraArgs[0].name', 'privateAddress'],
  ['a flag of the API server', spec('kubernetes: { clusterConfiguration: { apiServer: { extraArgs: [{ name: secure-port, value: "1" }] } } }'), 'spec.kubernetes.clusterConfiguration.apiServer.extraArgs[0].name', 'bindPort'],
  ['the other cgroup driver', spec('kubernetes: { kubeletConfiguration: { cgroupDriver: cgroupfs } }'), 'spec.kubernetes.kubeletConfiguration.cgroupDriver', '"cgroupfs"'],
  ['a mode of kube-proxy', spec('kubernetes: { kubeProxyConfiguration: { mode: iptable } }'), 'spec.kubernetes.kubeProxyConfiguration.mode', '"iptables"?'],
  ['another socket of containerd', spec('runtime: { configPatches: [{ grpc: { address: /x.sock } }] }'), 'spec.runtime.configPatches[0].grpc.address', '/run/containerd/containerd.sock'],
  ['a plugin of containerd 1', spec('runtime: { configPatches: [{ plugins: { io.containerd.grpc.v1.cri: {} } }] }'), 'spec.runtime.configPatches[0].plugins["io.containerd.grpc.v1.cri"]', 'containerd 2'],
  ['a registry mirror', spec('runtime: { registryMirrors: { docker.io: [mirror.example] } }'), 'spec.runtime.registryMirrors["docker.io"][0]', 'https://'],
  // sources
  ['mirror and folder', spec('artifacts: { mirror: "http://m.example", folder: . }'), 'spec.artifacts.folder', 'not from both'],
  ['a site nothing comes from', spec('artifacts: { mirror: { gihub.com: "http://m.example" } }'), 'spec.artifacts.mirror["gihub.com"]', '"github.com"?'],
  ['a mirror that is no URL', spec('artifacts: { mirror: m.example }'), 'spec.artifacts.mirror', 'http://'],
  ['a folder that is not there', spec('artifacts: { folder: ./none }'), 'spec.artifacts.folder', '/site/none'],
  ['checksums that are not there', spec('artifacts: { checksums: ./none }'), 'spec.artifacts.checksums', 'no such file: /site/none'],
  ['a registry that is a URL', spec('images: { registry: "https://r.example" }'), 'spec.images.registry', 'registry.example'],
  ['an archive from two places', spec('images: { archives: [{ url: "http://a/x.tar", file: x.tar }] }'), 'spec.images.archives[0]', 'either url or file'],
  ['an archive without checksum', spec('images: { archives: ["http://a.example/x.tar"] }'), 'spec.images.archives[0]', 'No sha256 is known'],
  ['an archive that is not there', spec('images: { archives: [x.tar] }'), 'spec.images.archives[0]', '/site/x.tar'],
  ['a checksum too short', spec('images: { archives: [{ file: x.tar, sha256: abc }] }'), 'spec.images.archives[0].sha256', '64'],
]

describe('a wrong value is one error that names its place', () => {
  it.each(cases)('%s', (_, file, path, ...words) => {
    const errors = errorsOf(file)
    expect(errors.map(({ where }) => where?.split('  ')[1])).toEqual([path])
    const [error] = errors
    expect(error?.where).toMatch(/^\/site\/cluster\.yaml:\d+:\d+ {2}/)
    expect(error?.excerpt).toContain('^')
    for (const word of words) expect(formatError(error!)).toContain(word)
  })
})
