import { describe, expect, it } from 'vitest'
import { surroundings } from '../../src/config/files.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { cluster, controlPlane, errorsOf, parse, worker, workerWith } from './cluster-file.ts'

describe('the smallest file', () => {
  it('gets a default for everything', () => {
    expect(parse(cluster())).toEqual({
      file: '/site/cluster.yaml',
      name: 'edge',
      kubernetes: {
        version: '1.36.4',
        images: { etcd: '3.6.8-0', coredns: 'v1.14.2', pause: '3.10.2' },
        clusterDomain: 'cluster.local',
        clusterConfiguration: {},
        initConfiguration: {},
        joinConfiguration: {},
        kubeletConfiguration: {},
        kubeProxyConfiguration: {},
        ignorePreflightErrors: [],
      },
      controlPlane: { localProxy: 'nginx', localProxyPort: 7443, bindPort: 6443, extraSANs: [] },
      etcd: {
        topology: 'stacked',
        version: '3.6.8',
        allowEvenMembers: false,
        backup: { enabled: true, schedule: 'daily', keep: 7, beforeChanges: true },
      },
      runtime: {
        name: 'containerd',
        version: '2.3.4',
        runcVersion: '1.4.3',
        configPatches: [],
        registryMirrors: {},
        registryCAs: {},
        registryCredentials: {},
      },
      network: {
        cni: 'flannel',
        podCIDR: '10.244.0.0/16',
        nodeDNS: true,
        nodePrefix: 24,
        serviceCIDR: '10.96.0.0/12',
        cniPluginsVersion: '1.9.1',
        flannel: { version: '0.28.4', backend: 'vxlan', image: 'ghcr.io/flannel-io/flannel:v0.28.4' },
        calico: { version: '3.32.1', encapsulation: 'vxlan' },
        cilium: { version: '1.20.0', helmVersion: '3.18.4', kubeProxyReplacement: false, values: {} },
      },
      artifacts: { checksums: {} },
      images: { archives: [] },
      os: {
        packages: { manage: true, updateCache: 'when needed', extra: [] },
        sysctls: {},
        kernelModules: [],
        disableSwap: true,
        setHostname: true,
      },
      firewall: { manage: true, apiFrom: [], nodePortsFrom: ['0.0.0.0/0'], extraPorts: [] },
      preflight: {
        maxClockDeviation: 30_000,
        minMemory: { 'control-plane': 1500 * 2 ** 20, worker: 2 ** 30, etcd: 2 ** 29 },
        minFree: { '/usr/local/bin': 2 ** 29, '/var/lib': 2 ** 31, '/etc': 2 ** 24, '/tmp': 2 ** 26 },
        ignore: [],
      },
      rollout: {
        maxUnavailable: { percent: 25 },
        groups: [],
        drain: { timeout: 300_000, deleteEmptyDirData: true, force: false },
      },
      leaving: [],
      notes: [],
      hosts: [
        {
          name: 'cp1',
          address: '192.0.2.11',
          roles: ['control-plane'],
          labels: {},
          taints: [],
          ssh: { agent: true, knownHosts: {}, connectTimeout: 20_000 },
        },
        {
          name: 'w1',
          address: '192.0.2.21',
          roles: ['worker'],
          labels: {},
          taints: [],
          ssh: { agent: true, knownHosts: {}, connectTimeout: 20_000 },
        },
      ],
    })
  })
})

describe('values are normalised', () => {
  it('takes a version with v', () => {
    expect(parse(cluster('kubernetes: { version: v1.35.8 }')).kubernetes.version).toBe('1.35.8')
  })

  it.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
  ])('takes the duration %s as milliseconds', (text, ms) => {
    expect(parse(cluster(`preflight: { maxClockDeviation: ${text} }`)).preflight.maxClockDeviation).toBe(ms)
  })

  it.each([
    ['1500Mi', 1500 * 2 ** 20],
    ['2G', 2e9],
    ['0.5Gi', 2 ** 29],
  ])('takes the size %s as bytes', (text, bytes) => {
    expect(parse(cluster(`preflight: { minMemory: { worker: ${text} } }`)).preflight.minMemory.worker).toBe(bytes)
  })

  it('keeps patches as they are, nulls too', () => {
    const { kubernetes } = parse(
      cluster('kubernetes: { kubeletConfiguration: { failCgroupV1: false, maxPods: null } }'),
    )
    expect(kubernetes.kubeletConfiguration).toEqual({ failCgroupV1: false, maxPods: null })
  })

  it('writes sysctls as text', () => {
    expect(parse(cluster('os: { sysctls: { vm.swappiness: 10, net.core.somaxconn: "4096" } }')).os.sysctls).toEqual({
      'vm.swappiness': '10',
      'net.core.somaxconn': '4096',
    })
  })

  it('opens the API to all where a load balancer is in front of it, unless told otherwise', () => {
    const endpoint = 'controlPlane: { endpoint: "api.example:6443" }'
    expect(parse(cluster(endpoint)).firewall.apiFrom).toEqual(['0.0.0.0/0'])
    expect(parse(cluster(`${endpoint}\n  firewall: { apiFrom: [192.0.2.5] }`)).firewall.apiFrom).toEqual(['192.0.2.5'])
  })

  it('takes an extra port, or a range of them', () => {
    const { extraPorts } = parse(
      cluster(
        'firewall: { extraPorts: [{ port: 80 }, { port: 5000, endPort: 5010, protocol: udp, roles: [worker] }] }',
      ),
    ).firewall
    expect(extraPorts).toEqual([
      { ports: { first: 80, last: 80 }, protocol: 'tcp', from: ['0.0.0.0/0'] },
      { ports: { first: 5000, last: 5010 }, protocol: 'udp', from: ['0.0.0.0/0'], roles: ['worker'] },
    ])
  })

  it('lays ssh of a host over spec.ssh, key by key', () => {
    const spec = parse(
      cluster(
        'ssh: { user: ada, identityFile: ~/.ssh/id, knownHosts: { file: known, policy: accept-new }, sudoPassword: { fromFile: pw } }',
        [controlPlane, workerWith('ssh: { user: bob, knownHosts: { policy: strict }, connectTimeout: 1m }')],
      ),
    )
    expect(spec.hosts[1]?.ssh).toEqual({
      user: 'bob',
      identityFiles: ['/home/ada/.ssh/id'],
      agent: true,
      knownHosts: { file: '/site/known', policy: 'strict' },
      sudoPassword: { where: '/site/cluster.yaml:5:109  spec.ssh.sudoPassword', fromFile: '/site/pw' },
      connectTimeout: 60_000,
    })
  })

  it('takes two machines behind one address when they have private addresses', () => {
    const spec = parse(
      cluster('', [
        '{ name: cp1, address: 192.0.2.1, privateAddress: 10.0.0.1, ssh: { port: 2201 }, roles: [control-plane] }',
        '{ name: w1, address: 192.0.2.1, privateAddress: 10.0.0.2, ssh: { port: 2202 }, roles: [worker] }',
      ]),
    )
    expect(spec.hosts.map(host => host.privateAddress)).toEqual(['10.0.0.1', '10.0.0.2'])
  })

  it('takes aliases of ~/.ssh/config and labels that administrators set', () => {
    const spec = parse(
      cluster('', [
        '{ name: cp1, address: edge_gw, roles: [control-plane, worker] }',
        workerWith(
          'labels: { node-role.kubernetes.io/worker: "", topology.kubernetes.io/zone: a, evc.example/camera: north }',
        ),
      ]),
    )
    expect(spec.hosts[0]).toMatchObject({ address: 'edge_gw', roles: ['control-plane', 'worker'] })
    expect(Object.keys(spec.hosts[1]?.labels ?? {})).toHaveLength(3)
  })
})

const sum = 'a'.repeat(64)
const other = 'B'.repeat(64)

describe('sources', () => {
  it('reads checksums files, and archives find theirs in them', () => {
    const spec = parse(
      cluster(
        'artifacts: { mirror: "http://10.0.0.5:8090", checksums: ./our.sha256 }\n  images: { archives: ["http://10.0.0.5:8090/images/pause.tar", { file: ~/x.tar, roles: [worker], architecture: arm64 }] }',
      ),
      {
        env: { HOME: '/home/ada' },
        files: {
          '/site/our.sha256': `# ours\n${sum}  images/pause.tar\n${other} *./x.tar\n\n${sum}  https://dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubeadm\n`,
          '/home/ada/x.tar': '',
        },
      },
    )
    expect(spec.artifacts).toEqual({
      mirror: 'http://10.0.0.5:8090',
      checksums: {
        'images/pause.tar': sum,
        'x.tar': other.toLowerCase(),
        'dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubeadm': sum,
      },
    })
    expect(spec.images.archives).toEqual([
      { source: { url: 'http://10.0.0.5:8090/images/pause.tar' }, sha256: sum },
      { source: { file: '/home/ada/x.tar' }, sha256: other.toLowerCase(), roles: ['worker'], architecture: 'arm64' },
    ])
  })

  it('takes the tools of a stacked etcd in the version of its image where a checksum is known, else the newest', () => {
    const versionOf = (spec: string) => {
      const { etcd } = parse(cluster(spec))
      return 'version' in etcd ? etcd.version : undefined
    }
    const kubernetes = 'kubernetes: { version: 1.35.8 }'
    expect(versionOf(kubernetes)).toBe('3.6.14')
    const checksums = `{ etcd-v3.6.6-linux-amd64.tar.gz: ${sum} }`
    expect(versionOf(`${kubernetes}\n  artifacts: { checksums: ${checksums} }`)).toBe('3.6.6')
  })

  it('takes a version the catalog does not list when its checksums are given', () => {
    const paths = ['kubelet', 'kubeadm', 'kubectl'].map(
      name => `dl.k8s.io/release/v1.36.5-evc.1/bin/linux/arm64/${name}: ${sum}`,
    )
    const spec = parse(
      cluster(`kubernetes: { version: 1.36.5-evc.1 }\n  artifacts: { checksums: { ${paths.join(', ')} } }`),
    )
    expect(spec.kubernetes.version).toBe('1.36.5-evc.1')
  })

  it('takes a containerd build only if it goes with Kubernetes', () => {
    const file = (version: string) =>
      cluster(
        `runtime: { version: ${version} }\n  artifacts: { checksums: { containerd-${version}-linux-amd64.tar.gz: ${sum} } }`,
      )
    expect(parse(file('2.2.99')).runtime.version).toBe('2.2.99')
    expect(() => parse(file('2.1.4'))).toThrow(/containerd 2\.1\.4 does not go with Kubernetes 1\.36\.4/)
  })

  it('names what a local folder lacks, and both places', () => {
    const flat = [
      'kubeadm',
      'kubectl',
      'containerd-2.3.4-linux-amd64.tar.gz',
      'runc.amd64',
      'cni-plugins-linux-amd64-v1.9.1.tgz',
      'etcd-v3.6.8-linux-amd64.tar.gz',
    ]
    const files = Object.fromEntries(flat.map(name => [`/site/files/${name}`, '']))
    const text = cluster('artifacts: { folder: files }')
    expect(() => parse(text, { files })).toThrow(
      /kubelet 1\.36\.4 is not in the folder\.\n {2}expected {2}\/site\/files\/dl\.k8s\.io\/release\/v1\.36\.4\/bin\/linux\/amd64\/kubelet\n +or \/site\/files\/kubelet/,
    )
    const complete = { ...files, '/site/files/dl.k8s.io/release/v1.36.4/bin/linux/arm64/kubelet': '' }
    expect(parse(text, { files: complete }).artifacts.folder).toBe('/site/files')
  })

  // Reading a pipe or /dev/zero would not end, in the middle of an apply.
  it.each([
    ['/dev/null', 'a device'],
    ['/', 'folder'],
  ])('takes no %s for an image archive, or for a file in the local folder', (path, kind) => {
    const archives = `images: { archives: [{ file: ${path}, sha256: ${sum} }] }`
    const load = (spec: string) => () => parseClusterFile(cluster(spec), '/site/cluster.yaml')
    expect(load(archives)).toThrow(`${path} is no image archive.\n  expected  a file\n  actual    ${kind}\n`)
    expect(surroundings().kind(path)).toBe(kind)
    expect(surroundings().kind('/dev/null/x')).toBeUndefined()
  })

  it('takes file names that every object of JavaScript has', () => {
    const files = { '/site/s': `${sum}  constructor\n${sum}  toString\n` }
    const { checksums } = parse(cluster('artifacts: { checksums: s }'), { files }).artifacts
    expect(checksums).toEqual({ constructor: sum, toString: sum })
  })

  it.each([
    ['a line that is none', `${sum}  a\nhello`, '/site/s:2', 'not a line of sha256sum'],
    ['two sums of one file', `${sum}  a\n${other}  a`, '/site/s:2', 'another sha256 in line 1'],
    ['an empty file', '\n', '/site/s', 'no checksums'],
  ])('refuses a checksums file with %s', (_, content, where, words) => {
    expect(() => parse(cluster('artifacts: { checksums: s }'), { files: { '/site/s': content } })).toThrow(
      new RegExp(`${where}: .*${words}`),
    )
  })
})

it('shows nothing of a file that is named for checksums and is none, as a private key', () => {
  const key = Array.from({ length: 40 }, (_, line) => `b3BlbnNzaC1rZXktdjEAAAAA${line}`).join('\n')
  const files = { '/site/id': key }
  const errors = errorsOf(cluster('artifacts: { checksums: id }'), { files })
  expect(errors.map(({ where }) => where)).toEqual([1, 2, 3, 4, 5].map(line => `/site/id:${line}`))
  expect(JSON.stringify(errors)).not.toContain('b3BlbnNz')
})

describe('jump hosts', () => {
  it.each([
    'gw',
    'ada@gw.example:2022,[2001:db8::1]:22',
    'ada@[2001:db8::1]',
    'ssh://ada@[fe80::1%eth0]:22',
    'ada@corp.example@gw',
    'none',
  ])('may be written as %s', proxyJump => {
    const { hosts } = parse(cluster('', [controlPlane, workerWith(`ssh: { proxyJump: "${proxyJump}" }`)]))
    expect(hosts[1]?.ssh.proxyJump).toBe(proxyJump)
  })

  it.each(['2001:db8::1:22', '-oProxyCommand=x', 'gw,', '[2001:db8::1', 'ftp://gw'])(
    'may not be written as %s',
    bad => {
      expect(() => parse(cluster('', [controlPlane, workerWith(`ssh: { proxyJump: "${bad}" }`)]))).toThrow('ssh -J')
    },
  )
})

describe('many hosts', () => {
  it('checks 1000 of them', () => {
    const many = Array.from(
      { length: 1000 },
      (_, index) => `{ name: w${index}, address: 172.16.${index >> 8}.${index & 255}, roles: [worker] }`,
    )
    const text = cluster('network: { podCIDR: 10.240.0.0/13, serviceCIDR: 10.96.0.0/16 }', [controlPlane, ...many])
    expect(parse(text).hosts).toHaveLength(1001)
    expect(() => parse(cluster('', [controlPlane, worker, ...many]))).toThrow('room for 256 nodes')
  })
})
