import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../src/core/index.ts'
import { fileSystem, writtenPaths } from '../hosts/kit/file-system.ts'
import { type ForwardProxy, startForwardProxy } from '../kit/forward-proxy.ts'
import { askFromPod } from './kit/ask-service.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { waitUntil } from './kit/control-plane.ts'
import { editClusterFile } from './kit/edit-cluster-file.ts'
import { evcctl, eventsOf, failuresOf, type Outcome } from './kit/evcctl.ts'
import { type ProcessSamples, sampleProcesses } from './kit/processes.ts'
import { startRegistry } from './kit/registry.ts'
import { workload } from './kit/workload.ts'

const sudoPassword = 'correct-horse-battery-staple'
const proxyPassword = 'p@ss-of-the-proxy'
const pullPassword = 'pull-only-with-this'
const hostNames = ['cp1', 'w1', 'w2']

/** All that a run printed and wrote on this machine: what secrets are searched in. */
const said: string[] = []
let cluster: TestCluster
/** All that hosts fetch comes through it. */
let proxy: ForwardProxy
/** What the environment of the hosts names, and nothing may ask. */
let trap: ForwardProxy

async function run(...args: string[]): Promise<Outcome> {
  const secretsOfFile = { SUDO_PASSWORD: sudoPassword, PROXY_PASSWORD: proxyPassword, PULL_PASSWORD: pullPassword }
  const outcome = await evcctl(args, { ...cluster.env, ...secretsOfFile })
  said.push(outcome.stdout, outcome.stderr)
  return outcome
}

function exchangesOf(outcome: Outcome): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of eventsOf(outcome)) {
    if (event.type === 'exchange') counts[event.host] = (counts[event.host] ?? 0) + 1
  }
  return counts
}

function changedTasks(outcome: Outcome): string[] {
  return eventsOf(outcome)
    .filter((event): event is Extract<Event, { type: 'task:end' }> => event.type === 'task:end')
    .filter(event => event.result !== 'in desired state')
    .map(event => `${event.result}: ${event.task}`)
    .sort()
}

/** Applies what is in the file now: a task changes on all hosts, on each when the node before it is Ready with it. */
async function changesOneByOne(task: string): Promise<void> {
  const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
  expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
  const order = eventsOf(outcome).flatMap(event => {
    if (event.type === 'task:start' && event.task.endsWith(`/${task}`)) return [`${event.host} changes`]
    const isReady = event.type === 'task:end' && event.task === `${event.host}/node:${event.host}`
    return isReady && event.result === 'changed' ? [`${event.host} is well`] : []
  })
  expect(order).toEqual(hostNames.flatMap(name => [`${name} changes`, `${name} is well`]))
  expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
}

beforeAll(async () => {
  // w1 asks for a password, so that there is one to be found where it must not be.
  cluster = await startCluster({
    hosts: [
      { name: 'cp1', roles: ['control-plane'] },
      { name: 'w1', roles: ['worker'], password: sudoPassword, sudo: 'with password' },
      { name: 'w2', roles: ['worker'] },
    ],
  })
  const text = await readFile(cluster.file, 'utf8')
  const labels = 'labels: { evc.example/camera: north }'
  const withSecret = text
    .replace(/(\{ name: w1,.*) \}/, `$1, ssh: { sudoPassword: { fromEnv: SUDO_PASSWORD } } }`)
    .replace(/(\{ name: w2,.*) \}/, `$1, ${labels} }`)
  await writeFile(cluster.file, withSecret)
  const address = cluster.hosts.gateway
  proxy = await startForwardProxy({ address, login: `ada:${proxyPassword}` })
  trap = await startForwardProxy({ address })
  await editClusterFile(cluster.file, document => {
    const password = { fromEnv: 'PROXY_PASSWORD' }
    document.setIn(['spec', 'proxy'], { http: proxy.url, https: proxy.url, username: 'ada', password })
  })
  const names = ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'ftp_proxy']
  for (const name of hostNames) {
    const lines = names.map(variable => `${variable}=${trap.url}`).join(' ')
    const kept = `Defaults env_keep += "${names.join(' ')}"`
    const set = `printf '%s\\n' ${lines} >>/etc/environment; echo '${kept}' >/etc/sudoers.d/zz-proxy; systemctl set-environment ${lines}`
    expect((await cluster.hosts.exec(name, set)).exitCode).toBe(0)
  }
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await proxy?.[Symbol.asyncDispose]()
  await trap?.[Symbol.asyncDispose]()
})

describe.sequential('from bare hosts to a cluster', () => {
  test('plan on bare hosts writes nothing on any of them', async () => {
    const before = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    const outcome = await run('plan', cluster.file, '--diff', '--exit-code')
    const after = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(2)
    expect(outcome.stdout).toContain('kubeadm init')
    expect(outcome.stdout).toContain('Nothing was written.')
    // Nothing is found on hosts as they come, nor on standing nodes.
    expect(outcome.stdout).not.toMatch(/^note /m)
    expect(hostNames.map((_, index) => writtenPaths(before[index]!, after[index]!))).toEqual([[], [], []])
  })

  let samples: ProcessSamples
  const secrets = new Set<string>([
    sudoPassword,
    proxyPassword,
    encodeURIComponent(proxyPassword),
    pullPassword,
    Buffer.from(`ada:${pullPassword}`).toString('base64'),
  ])
  /** Every bootstrap token that existed at some time of the run, and its description. */
  const tokens = new Map<string, string>()
  const tokenOfRun = 'evcctl: joins of one run'

  async function watchTokens(over: () => boolean): Promise<void> {
    while (!over()) {
      for (const [token, description] of await bootstrapTokens().catch(() => [])) tokens.set(token, description)
      await sleep(500)
    }
  }

  test('apply makes a cluster whose nodes are Ready', async () => {
    samples = sampleProcesses(cluster.hosts)
    let over = false
    const watching = watchTokens(() => over)
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    over = true
    await watching
    for (const token of tokens.keys()) secrets.add(token)
    await samples.stop()
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(0)
    const nodes = await cluster.kubectl('get', 'nodes', '--no-headers')
    expect(
      nodes
        .trim()
        .split('\n')
        .map(line => line.split(/\s+/).slice(0, 2).join(' ')),
    ).toEqual(['cp1 Ready', 'w1 Ready', 'w2 Ready'])
    expect(await cluster.kubectl('get', 'node', 'w2', '--show-labels')).toContain('evc.example/camera=north')
  })

  test('the token of the run is revoked at its end, and that of kubeadm init lives no longer than a minute', async () => {
    expect([...tokens.values()]).toContain(tokenOfRun)
    expect([...(await bootstrapTokens()).values()]).not.toContain(tokenOfRun)
    await waitUntil('no bootstrap token', async () => (await bootstrapTokens()).size === 0, 90)
  })

  test('CoreDNS runs', async () => {
    await waitUntil('CoreDNS', async () => {
      const ready = await cluster.kubectl(
        '-n',
        'kube-system',
        'get',
        'deployment',
        'coredns',
        '-o',
        'jsonpath={.status.readyReplicas}',
      )
      return ready === '2'
    })
  })

  test('pods on two nodes reach each other by ClusterIP and by DNS name', async () => {
    const archive = cluster.mirror.images.find(image => image.refs.some(ref => ref.includes('busybox')))
    if (archive !== undefined) {
      const url = `${cluster.mirrorUrl}/images/${basename(archive.file)}`
      for (const name of ['w1', 'w2']) {
        const loaded = await cluster.hosts.exec(name, `curl -fsS ${url} | ctr -n k8s.io images import -`)
        expect([name, loaded.exitCode]).toEqual([name, 0])
      }
    }
    const image = archive?.refs[0] ?? 'registry.k8s.io/e2e-test-images/busybox:1.29-4'
    await cluster.hosts.exec('cp1', `cat >/root/workload.yaml <<'EOF'\n${workload(image)}\nEOF`)
    await cluster.kubectl('apply', '-f', '/root/workload.yaml')
    await cluster.kubectl('rollout', 'status', 'deployment/web', 'daemonset/client', '--timeout=120s')
    const clients = (
      await cluster.kubectl(
        'get',
        'pods',
        '-l',
        'app=client',
        '-o',
        'jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName}{"\\n"}{end}',
      )
    )
      .trim()
      .split('\n')
      .map(line => line.split(' ') as [string, string])
    expect(clients.map(([, node]) => node).sort()).toEqual(['w1', 'w2'])
    const address = await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
    for (const [pod] of clients) {
      for (const target of [address, 'web.default.svc.cluster.local', 'web']) {
        // Both replicas have to answer from either node, so that one answer at least has crossed the network.
        const answers = new Set<string>()
        for (let asked = 0; asked < 40 && answers.size < 2; asked++) {
          answers.add(await askFromPod(cluster, pod, target))
        }
        expect([pod, target, answers.size]).toEqual([pod, target, 2])
      }
    }
  })

  test('status and kubeconfig work from this machine', async () => {
    const status = await run('status', cluster.file)
    expect(status.exitCode).toBe(0)
    for (const name of hostNames) expect(status.stdout).toContain(name)
    const file = join(cluster.folder, 'kubeconfig')
    const written = await run('kubeconfig', cluster.file, '--file', file)
    expect(written.exitCode).toBe(0)
    expect(written.stderr).toBe('')
    // The API answers at the address that the file names, with a certificate that is good for it.
    expect(await readFile(file, 'utf8')).toContain(`server: https://${cluster.hosts.host('cp1').address}:6443`)
  })

  test('a second plan has no changes, and a second apply costs what a plan costs', async () => {
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.stdout).toContain('No changes.')
    expect(plan.stdout).not.toMatch(/^note /m)
    expect(plan.exitCode).toBe(0)
    const planned = exchangesOf(await run('plan', cluster.file, '--output', 'json'))
    expect(planned).toEqual({ cp1: 2, w1: 2, w2: 2 })
    const before = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    const again = await run('apply', cluster.file, '--yes', '--output', 'json')
    const after = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    expect(again.exitCode).toBe(0)
    expect(exchangesOf(again)).toEqual(planned)
    expect(changedTasks(again)).toEqual([])
    const own = /^\/(etc|usr|opt|run\/evcctl|var\/lib\/evcctl|var\/cache\/evcctl)(\/|$)/
    expect(
      hostNames.map((_, index) => writtenPaths(before[index]!, after[index]!).filter(path => own.test(path))),
    ).toEqual([[], [], []])
  })

  test('what somebody changed by hand is named by plan, and apply fixes just that', async () => {
    const hands = [
      ['w1', 'echo "# edited by hand" >>/etc/containerd/config.toml'],
      ['w1', 'sysctl -q -w net.ipv4.ip_forward=0'],
      ['w2', 'systemctl stop kubelet'],
      [
        'cp1',
        String.raw`sed -i 's|^    - kube-scheduler$|&\n    - --v=4|' /etc/kubernetes/manifests/kube-scheduler.yaml`,
      ],
      ['w2', 'cp /bin/true /usr/local/bin/kubectl.new && mv /usr/local/bin/kubectl.new /usr/local/bin/kubectl'],
    ] as const
    for (const [host, command] of hands) expect((await cluster.hosts.exec(host, command)).exitCode).toBe(0)
    await cluster.kubectl('label', 'node', 'w2', 'evc.example/camera-')
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.exitCode).toBe(2)
    for (const named of [
      '/etc/containerd/config.toml',
      'net.ipv4.ip_forward',
      'kubelet.service',
      'kubectl',
      'kube-scheduler.yaml, not as kubeadm made it last',
      'evc.example/camera',
    ]) {
      expect(plan.stdout).toContain(named)
    }
    const fixed = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([fixed.exitCode, failuresOf(fixed)]).toEqual([0, []])
    const changed = changedTasks(fixed)
    // The unit that runs with the edited file is restarted with it; the label is written by the control plane node.
    expect(changed.map(line => line.replace(/^changed: ([^/]+)\//, '$1 '))).toMatchSnapshot()
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
    expect(await cluster.kubectl('get', 'node', 'w2', '--show-labels')).toContain('evc.example/camera=north')
  })

  test('an API server that an edit has broken is fixed, though nothing can be asked of it before', async () => {
    const broken = String.raw`sed -i 's|^    - kube-apiserver$|&\n    - --no-such-flag|' /etc/kubernetes/manifests/kube-apiserver.yaml`
    expect((await cluster.hosts.exec('cp1', broken)).exitCode).toBe(0)
    await waitUntil('the API server is down', () =>
      cluster.kubectl('get', '--raw', '/readyz').then(
        () => false,
        () => true,
      ),
    )
    const plan = await run('plan', cluster.file, '--diff', '--exit-code')
    expect(plan.exitCode).toBe(2)
    expect(plan.stdout).toContain('kube-apiserver.yaml, not as kubeadm made it last')
    expect(plan.stdout).toMatch(/^ *- .*--no-such-flag$/m)
    const fixed = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([fixed.exitCode, fixed.stderr]).toEqual([0, ''])
    expect(await cluster.kubectl('get', '--raw', '/readyz')).toBe('ok')
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })

  test('an argument that the API server does not know is put back as soon as that is certain, with the reason', async () => {
    const whole = await readFile(cluster.file, 'utf8')
    await editClusterFile(cluster.file, document =>
      document.setIn(['spec', 'kubernetes', 'clusterConfiguration'], {
        apiServer: { extraArgs: [{ name: 'no-such-flag', value: '1' }] },
      }),
    )
    const began = Date.now()
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    console.log(`an unknown argument was put back after ${Math.round((Date.now() - began) / 1000)} s`)
    expect(outcome.exitCode).toBe(1)
    expect(failuresOf(outcome).join('\n')).toContain('unknown flag: --no-such-flag')
    await waitUntil('the API server is back', async () => (await cluster.kubectl('get', '--raw', '/readyz')) === 'ok')
    await writeFile(cluster.file, whole)
    expect((await run('apply', cluster.file, '--yes', '--output', 'json')).exitCode).toBe(0)
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })

  test('a setting with which the kubelet cannot start stops after one node; put right, it goes through all of them', async () => {
    const settings = {
      systemReservedCgroup: '/no-such-cgroup',
      systemReserved: { memory: '64Mi' },
      enforceNodeAllocatable: ['pods', 'system-reserved'],
    }
    await editClusterFile(cluster.file, document => {
      for (const [key, value] of Object.entries(settings))
        document.setIn(['spec', 'kubernetes', 'kubeletConfiguration', key], value)
    })
    const kubeletOf = async (name: string) =>
      (
        await cluster.hosts.exec(
          name,
          'systemctl show -p MainPID --value kubelet; sha256sum /var/lib/kubelet/config.yaml',
        )
      ).stdout
    const before = await Promise.all(hostNames.map(kubeletOf))
    expect((await run('plan', cluster.file)).stdout).toMatch(
      /change in 3 batches, .*\n {2}batches 1 to 3 {2}cp1, w1, w2 {2}one at a time\n/,
    )
    const began = Date.now()
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    console.log(`a kubelet that cannot start was put back after ${Math.round((Date.now() - began) / 1000)} s`)
    expect(outcome.exitCode).toBe(1)
    expect(failuresOf(outcome)).toEqual([expect.stringMatching(/^cp1 .*former files again.*no-such-cgroup/s)])
    const after = await Promise.all(hostNames.map(kubeletOf))
    expect(after.slice(1)).toEqual(before.slice(1))
    expect(after[0]?.split('\n')[1]).toBe(before[0]?.split('\n')[1])
    await waitUntil('cp1 is Ready', async () => / Ready /.test(await cluster.kubectl('get', 'node', 'cp1')))
    expect((await cluster.kubectl('get', 'nodes', '--no-headers')).match(/ Ready /g)).toHaveLength(3)
    await editClusterFile(cluster.file, document => {
      for (const key of ['systemReservedCgroup', 'enforceNodeAllocatable'])
        document.deleteIn(['spec', 'kubernetes', 'kubeletConfiguration', key])
    })
    await changesOneByOne('unit:kubelet.service')
  })

  test('a setting with which containerd cannot start stops after one node; put right, it goes through all of them', async () => {
    const runtime = 'io.containerd.cri.v1.runtime'
    // The first patch is what containers as hosts need.
    const set = (key: string, value: unknown) =>
      editClusterFile(cluster.file, document =>
        document.setIn(['spec', 'runtime', 'configPatches', 1], { plugins: { [runtime]: { [key]: value } } }),
      )
    const look = 'systemctl show -p MainPID --value containerd; sha256sum /etc/containerd/config.toml'
    const containerdOf = async (name: string) => (await cluster.hosts.exec(name, look)).stdout
    const before = await Promise.all(hostNames.map(containerdOf))
    await set('containerd', { default_runtime_name: 'no-such-runtime' })
    const began = Date.now()
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    console.log(`a containerd that cannot start was put back after ${Math.round((Date.now() - began) / 1000)} s`)
    expect(outcome.exitCode).toBe(1)
    expect(failuresOf(outcome)).toEqual([expect.stringMatching(/^cp1 .*former files again/s)])
    const after = await Promise.all(hostNames.map(containerdOf))
    expect(after.slice(1)).toEqual(before.slice(1))
    expect(after[0]?.split('\n')[1]).toBe(before[0]?.split('\n')[1])
    await waitUntil('cp1 is Ready', async () => / Ready /.test(await cluster.kubectl('get', 'node', 'cp1')))
    expect((await cluster.kubectl('get', 'nodes', '--no-headers')).match(/ Ready /g)).toHaveLength(3)
    await set('max_container_log_line_size', 32_768)
    await changesOneByOne('unit:containerd.service')
  })

  test('a local proxy that cannot take the place of another stops at the first node, where the former one runs on', async () => {
    const whole = await readFile(cluster.file, 'utf8')
    const dropIn = '/etc/systemd/system/evcctl-haproxy.service.d'
    const spoil = `mkdir -p ${dropIn}; printf '[Service]\\nExecStartPre=/bin/false\\n' >${dropIn}/of-the-user.conf`
    expect((await cluster.hosts.exec('cp1', spoil)).exitCode).toBe(0)
    const look = 'systemctl is-active evcctl-nginx-proxy; systemctl is-enabled evcctl-nginx-proxy'
    const state = async (name: string) => (await cluster.hosts.exec(name, look)).stdout
    const untouched = async (name: string) =>
      (await cluster.hosts.exec(name, 'systemctl show -p MainPID evcctl-nginx-proxy; ls /etc/evcctl')).stdout
    const others = await Promise.all(hostNames.slice(1).map(untouched))
    await editClusterFile(cluster.file, document => document.setIn(['spec', 'controlPlane', 'localProxy'], 'haproxy'))
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(outcome.exitCode).toBe(1)
    expect(failuresOf(outcome)).toEqual([
      expect.stringMatching(/^cp1 .*evcctl-haproxy\.service does not run, so evcctl-nginx-proxy\.service runs again/s),
    ])
    expect(await Promise.all(hostNames.map(state))).toEqual(hostNames.map(() => 'active\nenabled\n'))
    expect(await Promise.all(hostNames.slice(1).map(untouched))).toEqual(others)
    await cluster.hosts.exec('cp1', `rm -r ${dropIn}; systemctl daemon-reload`)
    await writeFile(cluster.file, whole)
    const again = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([again.exitCode, failuresOf(again)]).toEqual([0, []])
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })

  test('an image comes from a mirror with a password, whose certificate is of a private CA', async () => {
    const folder = join(cluster.folder, 'registry')
    await using registry = await startRegistry(folder, cluster.hosts.gateway, `ada:${pullPassword}`)
    await writeFile(join(cluster.folder, 'registry-ca.crt'), registry.ca)
    await editClusterFile(cluster.file, document => {
      document.setIn(['spec', 'runtime', 'registryMirrors'], { 'registry.example': [`https://${registry.host}`] })
      document.setIn(['spec', 'runtime', 'registryCAs'], { [registry.host]: './registry-ca.crt' })
      const login = { username: 'ada', password: { fromEnv: 'PULL_PASSWORD' } }
      document.setIn(['spec', 'runtime', 'registryCredentials'], { [registry.host]: login })
    })
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    expect(changedTasks(outcome)).toEqual(
      hostNames.flatMap(name => [
        `changed: ${name}/file:/etc/containerd/config.toml`,
        `changed: ${name}/node:${name}`,
        `changed: ${name}/registries:/etc/containerd/certs.d`,
        `changed: ${name}/unit:containerd.service`,
        `changed: ${name}/unit:kubelet.service`,
      ]),
    )
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
    await cluster.kubectl('run', 'pulled', '--restart=Never', `--image=registry.example/${registry.image}`)
    await waitUntil('the image is pulled', async () => {
      const events = await cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.name=pulled')
      return /Pulled .*registry\.example\/kit\/file:1/.test(events)
    })
    expect(registry.requests).toContain('/v2/kit/file/manifests/1')
    expect(proxy.requests).toContain(`CONNECT ${registry.host}`)
  })

  test('all that was fetched actual through the proxy, and nothing that nodes have said to each other', async () => {
    expect(proxy.requests.filter(request => request.startsWith(`GET ${cluster.mirrorUrl}/`)).length).toBeGreaterThan(10)
    const own = hostNames.map(name => cluster.hosts.host(name).address)
    const inside = [
      'localhost',
      '127.',
      '10.96.',
      '10.244.',
      '.svc',
      ...own.map(address => `${address}:`),
      ...hostNames,
    ]
    expect(proxy.requests.filter(request => inside.some(part => request.includes(part)))).toEqual([])
    expect(trap.requests).toEqual([])
    const manifests = await cluster.hosts.exec('cp1', 'grep -i -r _proxy /etc/kubernetes/manifests')
    expect([manifests.exitCode, manifests.stdout]).toEqual([1, ''])
  })

  test('no secret was in a process list, in output or in a journal', async () => {
    for (const name of ['cp1']) {
      const files = '/etc/kubernetes/pki/*.key /etc/kubernetes/pki/etcd/*.key'
      const { stdout } = await cluster.hosts.exec(
        name,
        `cat ${files}; grep -h -E 'client-key-data' /etc/kubernetes/*.conf`,
      )
      // Any whole line of a key is proof enough; headers are not secret.
      for (const line of stdout.split('\n')) {
        const value = line.replace(/^\s*client-key-data:\s*/, '').trim()
        if (value.length >= 40 && !value.startsWith('-----')) secrets.add(value)
      }
    }
    expect(secrets.size).toBeGreaterThan(50)
    const journals = await filesBelow(join(cluster.folder, 'state'))
    expect(journals.some(path => path.endsWith('events.ndjson'))).toBe(true)
    const texts = [
      ...said,
      ...(await Promise.all(journals.map(path => readFile(path, 'utf8')))),
      ...samples.commandLines,
    ]
    // The sampler does see what runs.
    expect([...samples.commandLines].some(line => line.includes('kubeadm init'))).toBe(true)
    const everything = texts.join('\n')
    expect([...secrets].filter(secret => everything.includes(secret)).map(secret => `${secret.slice(0, 4)}…`)).toEqual(
      [],
    )
  })
})

/** The bootstrap tokens that exist, and their descriptions. */
async function bootstrapTokens(): Promise<Map<string, string>> {
  const query = ['get', 'secrets', '-o', 'json', '--field-selector', 'type=bootstrap.kubernetes.io/token']
  const { items } = JSON.parse(await cluster.kubectl('-n', 'kube-system', ...query)) as {
    items: { data: Record<string, string> }[]
  }
  const decode = (text = ''): string => Buffer.from(text, 'base64').toString()
  return new Map(
    items.map(({ data }) => [`${decode(data['token-id'])}.${decode(data['token-secret'])}`, decode(data.description)]),
  )
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}
