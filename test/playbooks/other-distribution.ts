import {
  barrier,
  type Distribution,
  file,
  type Machine,
  type NodeMade,
  nodeReady,
  type Site,
  type Task,
} from '../../src/index.ts'

const folder = '/etc/rancher/'
const unfinished = '[ -e /var/lib/rancher/unfinished ]'

/**
 * A distribution that is like K3s in what differs from kubeadm: one program, another unit for the kubelet, other files, other
 * ports. It makes no cluster; everything around it is real.
 */
export const other: Distribution = {
  name: 'other',
  api: {
    adminConf: `${folder}k3s/k3s.yaml`,
    kubectl: '/usr/local/bin/k3s kubectl',
    kubectlFile: '/usr/local/lib/kubectl',
    ca: '/var/lib/rancher/server-ca.crt',
    kubeletConf: '/var/lib/rancher/node.kubeconfig',
    kubeletCertificate: { certificate: '/var/lib/rancher/node.crt', key: '/var/lib/rancher/node.key' },
    unfinished,
  },
  facts: {
    maker: 'other',
    node: `[ ! -e ${folder}k3s/k3s.yaml ] || echo admin.conf\n`,
    unfinished,
    folder,
    files: `${folder}*`,
    certificates: ['/var/lib/rancher/*.crt'],
  },
  ownPaths: ['/usr/local/bin/k3s', '/etc/systemd/system/k3s.service'],
  staticPods: '/var/lib/rancher/pods/',
  certificates: { kubelets: '/var/lib/rancher/', selfSigned: '', more: [], renewal: 'Restart k3s.' },
  byHand: { reset: 'k3s-uninstall.sh', installKubeProxy: 'k3s server', renewCertificates: 'k3s certificate rotate' },
  formerNode: { files: () => undefined, kubeletSettings: () => [] },
  health: {
    kubelet: 'ask_kubelet() { get http://127.0.0.1:10248/healthz; tell kubelet 300; }\n',
    apiServer: port => `ask_api() { get https://127.0.0.1:${port}/readyz; tell api 300; }\n`,
    member: {
      is: '/var/lib/rancher/etcd',
      at: "''",
      files: { ca: '/var/lib/rancher/ca', certificate: '/var/lib/rancher/crt', key: '/var/lib/rancher/key' },
    },
  },
  rolled: { roles: ['k3s'], kinds: ['k3s configuration'] },
  folders: () => ['/var/lib/rancher'],
  ports: ({ controlPlane }) => ({
    kubelet: 20_250,
    nodePorts: { first: 30_000, last: 32_767 },
    ofNodes: [{ port: 20_250, owner: 'k3s-agent' }],
    ofServers: [{ port: controlPlane.bindPort, owner: 'k3s-server' }],
  }),
  addons: () => ({ coreDns: true, kubeProxy: true }),
  sandboxImage: () => 'registry.example/pause:1',
  packages: () => ({ names: [], keepDisabled: [] }),
  prepare(on, { name }, { downloadAfter, startAfter }) {
    const program = on.builder
      .scope(name, 'k3s')
      .add(file({ path: '/usr/local/bin/k3s', mode: 0o755, content: '' }), { after: [...downloadAfter, ...startAfter] })
    return { ready: [program], kubelet: [program], last: [], fetched: [], kept: [] }
  },
  guardEtcd: on => on.builder.scope(on.first.name, 'k3s').add(barrier('etcd may be used')),
  initialise(on, { machine, after }) {
    const server = (one: Machine, before: readonly Task[]) => {
      const made = node(on, one, before)
      return { ...made, configured: made.joined }
    }
    const first = server(machine, after)
    return {
      first,
      joinServer: host => server(host.machine, [...host.after, first.joined]),
      joinAgent: host => node(on, host.machine, [...host.after, first.joined]),
      addons: () => [],
      putBack: ({ name }) => on.builder.scope(name, 'k3s').add(barrier('is put back')),
      passMinor: ({ machine, version, after }) =>
        on.builder.scope(machine.name, 'k3s').add(barrier(`has ${version}`), { after }),
      removeMember: () => undefined,
      reset: ({ leaving, after: before }) =>
        on.builder.scope(leaving.name, 'k3s').add(barrier('is no node'), { after: before }),
    }
  },
  trustBothCas: () => {},
  dropFormerCa: () => {},
  dissolve: ({ builder }) => ({
    reset: ({ leaving, after }) => builder.scope(leaving.name, 'k3s').add(barrier('is no node'), { after }),
  }),
}

function node({ builder, inventory }: Site, { name }: Machine, after: readonly Task[]): NodeMade {
  const scope = builder.scope(name, 'k3s')
  const joined = scope.add(barrier('has joined'), { after })
  const health = { functions: '', start: 'systemctl start k3s', works: ':', hopeless: 'false', complaint: 'false' }
  const records = { unproven: '/var/lib/evcctl/k3s.unproven', provenVersion: '/var/lib/evcctl/k3s.version' }
  const service = { unit: 'k3s.service', health, version: 'k3s --version', ...records }
  return {
    joined,
    run({ network, kept }) {
      const parameters = { endpoint: inventory.endpoint, ready: true, store: 'containerd', kept } as const
      const ready = nodeReady({ api: other.api, service, name, ...parameters })
      return {
        running: joined,
        ready: scope.add(ready, { after: [joined, ...(network === undefined ? [] : [network])] }),
      }
    },
  }
}
