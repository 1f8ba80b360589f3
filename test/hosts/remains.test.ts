import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { eventsOf, type Outcome } from '../kubernetes/kit/evcctl.ts'
import { fileSystem, writtenPaths } from './kit/file-system.ts'
import { clusterOf, printed, stackTrace } from './kit/scene.ts'
import { useHosts } from './kit/use-hosts.ts'

const nodes = ['cp1', 'w1']

const on = useHosts({
  hosts: [
    { name: 'cp1', roles: ['control-plane'] },
    { name: 'w1', roles: ['worker'] },
  ],
})

async function plan(spec: object = {}, ...flags: string[]): Promise<Outcome> {
  const file = await on.scene.write(
    'cluster.yaml',
    clusterOf(
      on.hosts,
      nodes.map(name => ({ name })),
      spec,
    ),
  )
  return on.scene.run('plan', file, ...flags)
}

/** What a plan prints, which has written nothing on any host. */
async function told(spec?: object): Promise<{ readonly text: string; readonly exitCode: number }> {
  const before = await Promise.all(nodes.map(name => fileSystem(on.hosts, name)))
  const outcome = await plan(spec)
  const after = await Promise.all(nodes.map(name => fileSystem(on.hosts, name)))
  expect(nodes.map((_, index) => writtenPaths(before[index]!, after[index]!))).toEqual([[], []])
  expect(printed(outcome)).not.toMatch(stackTrace)
  return { text: printed(outcome), exitCode: outcome.exitCode ?? -1 }
}

const write = (path: string, content: string) => `mkdir -p "$(dirname ${path})"; printf '%s\n' '${content}' >${path}`

const remains = [
  write('/etc/cni/net.d/05-podman.conflist', '{"cniVersion":"0.4.0","name":"podman","plugins":[]}'),
  write('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS="--container-runtime=remote --v=2"'),
  write(
    '/etc/systemd/system/kubelet.service.d/90-old.conf',
    '[Service]\nEnvironment="HTTPS_PROXY=http://u:s3cret@proxy"',
  ),
  write('/etc/containerd/conf.d/99-nvidia.toml', 'version = 4'),
  write('/usr/local/bin/k3s', '#!/bin/sh'),
  'ip link add cilium_host type bridge',
  'ip link add plant0 type bridge && ip addr add 10.244.0.7/24 dev plant0 && ip link set plant0 up',
]

describe.sequential('what other software has left', () => {
  test('is nothing on a host as it comes, and costs no exchange', async () => {
    const outcome = await plan({}, '--output', 'json')
    expect(outcome.exitCode).toBe(exitCodes.ok)
    const events = eventsOf(outcome)
    expect(events.filter(event => event.type === 'note')).toEqual([])
    const exchanges = events.filter(event => event.type === 'exchange')
    expect(exchanges.map(({ host }) => host).sort()).toEqual(['cp1', 'cp1', 'w1', 'w1'])
  })

  test('ends the run where the cluster would begin: every file is named, and nothing is written', async () => {
    for (const command of [
      ...remains,
      write('/etc/kubernetes/pki/ca.crt', 'old'),
      write('/etc/kubernetes/pki/ca.key', 'old'),
    ])
      await on.sh('cp1', command)
    const { text, exitCode } = await told()
    expect(exitCode).toBe(exitCodes.failed)
    for (const part of [
      '/etc/cni/net.d/05-podman.conflist',
      '/etc/kubernetes/pki/ca.crt',
      '--container-runtime=remote --v=2',
      '/etc/systemd/system/kubelet.service.d/90-old.conf',
      'containerd does not start with /etc/containerd/conf.d/99-nvidia.toml.',
      'K3s is installed',
      'cilium_host',
      '10.244.0.7/24 on plant0',
      'spec.preflight.ignore: [cniFiles]',
    ])
      expect(text).toContain(part)
    expect(text).not.toContain('s3cret')
  })

  test('can be accepted by name, and is told then', async () => {
    const ignore = [
      'cniFiles',
      'kubernetesFiles',
      'kubeletFlags',
      'runtimeFiles',
      'otherSoftware',
      'interfaces',
      'ranges',
    ]
    const { text, exitCode } = await told({
      preflight: { minFree: { '/var/lib': '1Mi', '/usr/local/bin': '1Mi' }, ignore },
    })
    expect(exitCode).toBe(exitCodes.ok)
    expect(text).toContain('kubeadm would use their CA')
    expect(text).toContain('Ignored: spec.preflight.ignore has kubernetesFiles.')
  })

  test('lets a worker fail alone', async () => {
    const undo = `rm -rf /etc/cni/net.d /etc/default/kubelet /etc/systemd/system/kubelet.service.d /etc/containerd/conf.d /usr/local/bin/k3s /etc/kubernetes/pki
ip link delete cilium_host; ip link delete plant0`
    await on.sh('cp1', undo)
    await on.sh('w1', write('/etc/cni/net.d/05-podman.conflist', '{}'))
    const { text, exitCode } = await told()
    expect(exitCode).toBe(exitCodes.failed)
    expect(text).toContain('w1 is not fit for the cluster; nothing is planned for it')
    expect(text).toContain('kubeadm init')
    await on.sh('w1', 'rm /etc/cni/net.d/05-podman.conflist')
  })

  test('a name server of the host itself is named, and resolvConf is the way out', async () => {
    await on.sh(
      'cp1',
      'cp /etc/resolv.conf /root/resolv.conf; printf "nameserver 127.0.0.1\nnameserver 192.0.2.53\n" >/etc/resolv.conf',
    )
    expect((await told()).text).toMatch(
      /Pods cannot use its name server 127\.0\.0\.1[\s\S]*kubeletConfiguration\.resolvConf/,
    )
    for (const host of nodes) await on.sh(host, 'echo nameserver 192.0.2.53 >/etc/kubelet-resolv.conf')
    const kubeletConfiguration = { failCgroupV1: false, resolvConf: '/etc/kubelet-resolv.conf' }
    expect((await told({ kubernetes: { kubeletConfiguration } })).exitCode).toBe(exitCodes.ok)
    await on.sh('cp1', 'cat /root/resolv.conf >/etc/resolv.conf')
  })

  test('an address on lo is an address of the host', async () => {
    await on.sh('cp1', 'ip addr add 198.51.100.7/32 dev lo')
    const entries = [{ name: 'cp1', privateAddress: '198.51.100.7' }, { name: 'w1' }]
    const file = await on.scene.write('lo.yaml', clusterOf(on.hosts, entries))
    expect((await on.scene.run('plan', file)).exitCode).toBe(exitCodes.ok)
  })
})
