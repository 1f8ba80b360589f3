import { kubernetesVersions } from '../catalog/index.ts'

/**
 * A commented cluster.yaml to start from. It is valid as it is, with addresses for documentation (RFC 5737). It also stays
 * valid if any of its commented lines is enabled.
 */
export function starterFile(name = 'my-cluster'): string {
  return `# A Kubernetes cluster for evcctl. What is commented out shows the default or an example.
#   evcctl validate   checks this file without touching a host
#   evcctl plan       shows what would change, and changes nothing
#   evcctl apply      makes it so
# All keys, and what each means: evcctl schema   (a JSON Schema, also for editors)
apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata:
  name: ${name}
spec:
  # The machines. They need sshd, a POSIX shell, and root or sudo; nothing else.
  hosts:
    - name: cp1 # also the name of the node
      address: 192.0.2.11 # IP address, DNS name, or Host of ~/.ssh/config
      roles: [control-plane] # [control-plane, worker] to run workloads there too
    - name: w1
      address: 192.0.2.21
      roles: [worker]
      # privateAddress: 192.0.2.121 # what the nodes use among themselves, if that is another address
      # labels: { example.com/rack: a1 }
      # taints: [{ key: example.com/gpu, value: present, effect: NoSchedule }]
      # ssh: { proxyJump: gw.example.com, user: admin } # everything of spec.ssh, for this host only

  # How hosts are reached. Left out: as ssh does it, with ~/.ssh/config and the agent.
  # ssh:
  #   user: ubuntu
  #   port: 22
  #   identityFile: ~/.ssh/id_ed25519
  #   knownHosts: { policy: accept-new } # record unknown host keys; strict (the default) refuses them
  #   sudoPassword: { fromEnv: SUDO_PASSWORD } # or { fromFile: path }, or { prompt: true }

  # kubernetes:
  #   version: ${kubernetesVersions()[0]}
  #   kubeletConfiguration: { maxPods: 110 } # merged into kubeadm's own documents; see also
  #   clusterConfiguration: { apiServer: { extraArgs: [{ name: audit-log-maxage, value: "30" }] } }
  #   kubeProxyConfiguration: { mode: nftables }

  # controlPlane:
  #   endpoint: api.example.com:6443 # your own load balancer; left out: a proxy on every node
  #   extraSANs: [api.example.com]

  # runtime:
  #   registryMirrors: { docker.io: ["https://mirror.example.com"] }

  # network:
  #   cni: flannel # or calico, cilium, none
  #   podCIDR: 10.244.0.0/16
  #   serviceCIDR: 10.96.0.0/12

  # Where binaries come from, for hosts without access to the internet.
  # artifacts:
  #   mirror: http://mirror.example.com:8090 # files at <mirror>/<host>/<path>, e.g. <mirror>/dl.k8s.io/release/…

  # images:
  #   registry: registry.example.com/kubernetes

  # What the hosts' firewalls let through, where one is active; the cluster's own hosts always get in.
  # firewall:
  #   apiFrom: [192.0.2.0/24] # where kubectl is run
  #   extraPorts: [{ port: 9100, from: [192.0.2.5] }]

  # How nodes change that run already: one first, then as many at a time, each batch when the one before is well.
  # rollout:
  #   maxUnavailable: 25% # of the workers, or a number; control plane nodes change one by one
  #   gate: { command: ./check.sh, timeout: 10m } # decides on this machine, after each batch, whether the next one changes

  # os:
  #   packages: { manage: true, updateCache: when needed }
  #   sysctls: { vm.max_map_count: 262144 }
  #   disableSwap: true
`
}
