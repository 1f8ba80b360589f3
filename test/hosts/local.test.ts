import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { UserError } from '../../src/core/errors.ts'
import { clusterFileHosts, clusterFileText } from '../../src/local/cluster-file.ts'
import { listLocalHosts, removeLocalHosts } from '../../src/local/clusters.ts'
import { clusterLabel, connectDocker } from '../../src/local/docker.ts'
import { type LocalHosts, startLocalHosts } from '../../src/local/hosts.ts'
import { startMirror } from '../../src/local/mirror.ts'
import { detectNeeds } from '../../src/local/needs.ts'
import { fileSystem, writtenPaths } from './kit/file-system.ts'
import { dropPackets } from './kit/packets.ts'
import { ssh } from './kit/ssh.ts'
import { startHosts } from './kit/start-hosts.ts'

describe('two hosts', () => {
  let hosts: LocalHosts
  beforeAll(async () => {
    hosts = await startHosts({ hosts: '1+1' })
  })
  afterAll(() => hosts?.[Symbol.asyncDispose]())

  test('are reached with the OpenSSH client, the written key and strict checking; sudo asks nothing', async () => {
    const outcome = ssh(hosts, 'cp1', 'whoami; hostname; sudo -n whoami; systemctl is-system-running')
    expect((await outcome).split('\n')).toEqual(['evcctl', 'cp1', 'root', 'running'])
    expect(await ssh(hosts, 'w1', 'hostname')).toBe('w1')
  })

  test('have machine ids, host keys and volumes of their own', async () => {
    const ids = await Promise.all(['cp1', 'w1'].map(name => ssh(hosts, name, 'cat /etc/machine-id')))
    expect(new Set(ids).size).toBe(2)
    const keys = (await readFile(hosts.knownHostsFile, 'utf8')).trim().split('\n')
    expect(new Set(keys.map(line => line.split(' ')[2])).size).toBe(4)
    const mounts = await ssh(hosts, 'w1', 'findmnt -rno TARGET,FSTYPE')
    for (const folder of ['containerd', 'kubelet', 'etcd'])
      expect(mounts).toMatch(new RegExp(`^/var/lib/${folder} (?!overlay)`, 'm'))
  })

  test('reach each other and this machine; service addresses are routed, to a bridge that lets nothing out', async () => {
    const reach = (address: string) => hosts.exec('w1', `ping -c 1 -W 1 ${address}`).then(({ exitCode }) => exitCode)
    expect(await reach(hosts.host('cp1').address)).toBe(0)
    expect(await reach(hosts.gateway)).toBe(0)
    const route = await hosts.exec('w1', 'ip route get 10.96.0.1')
    expect(route.stdout).toContain(`via ${hosts.gateway}`)
    const network = await (await connectDocker()).container.dockerode.getNetwork(hosts.network.id).inspect()
    expect(network.Internal).toBe(true)
  })

  test("set kernel settings for themselves: this machine's stay", async () => {
    const files = [
      'vm/overcommit_memory',
      'vm/panic_on_oom',
      'kernel/panic',
      'kernel/panic_on_oops',
      'fs/inotify/max_user_watches',
    ]
    const own = () => Promise.all(files.map(file => readFile(`/proc/sys/${file}`, 'utf8')))
    const before = await own()
    const set = await ssh(
      hosts,
      'w1',
      'sudo sysctl -qw vm.overcommit_memory=2 vm.panic_on_oom=1 kernel.panic=77 kernel.panic_on_oops=1 fs.inotify.max_user_watches=777 && cat /proc/sys/kernel/panic',
    )
    expect(set).toBe('77')
    expect(await own()).toEqual(before)
  })

  test('can be fixed in place: /etc/hosts and the host name are plain files', async () => {
    await ssh(
      hosts,
      'w1',
      'sudo sh -c "echo 192.0.2.9 other >>/etc/hosts; cp /etc/hosts /etc/hosts.new; mv /etc/hosts.new /etc/hosts"',
    )
    expect(await ssh(hosts, 'w1', 'getent hosts other')).toMatch(/^192\.0\.2\.9 /)
    expect(await readFile('/etc/hosts', 'utf8')).not.toContain('192.0.2.9')
    expect(await ssh(hosts, 'w1', 'cat /etc/resolv.conf')).toBe(`nameserver ${hosts.gateway}`)
  })

  test('keep address, identity and files when stopped, or killed, and started again', async () => {
    const state = () =>
      ssh(hosts, 'w1', 'hostname -I; cat /etc/machine-id /etc/hosts /var/lib/etcd/kept; test ! -e /run/gone')
    await ssh(hosts, 'w1', 'sudo sh -c "echo kept >/var/lib/etcd/kept"')
    const before = await state()
    expect(before).toContain(hosts.host('w1').address)
    await hosts.exec('w1', 'touch /run/gone')
    await hosts.stop('w1')
    const listed = (await listLocalHosts()).find(({ name }) => name === hosts.name)
    expect(listed?.hosts.map(({ name, running }) => [name, running])).toEqual([
      ['cp1', true],
      ['w1', false],
    ])
    await hosts.start('w1')
    expect(await state()).toBe(before)
    await hosts.kill('w1')
    await hosts.start('w1')
    expect(await state()).toBe(before)
    expect(await ssh(hosts, 'w1', 'systemctl is-system-running')).toBe('running')
  })

  test('can be cut off, wholly or for one peer, and come back', async () => {
    const ping = (name: string) =>
      hosts.exec('cp1', `ping -c 1 -W 1 ${hosts.host(name).address}`).then(({ exitCode }) => exitCode)
    await hosts.disconnect('w1')
    expect(await ping('w1')).toBe(1)
    await hosts.reconnect('w1')
    expect(await ping('w1')).toBe(0)
    {
      await using _ = await dropPackets(hosts, 'w1', { peer: hosts.host('cp1').address })
      expect(await ping('w1')).toBe(1)
      expect(await ssh(hosts, 'w1', 'echo up')).toBe('up')
    }
    expect(await ping('w1')).toBe(0)
  })

  test('a login writes nothing that the stocktaking counts, and a write is seen', async () => {
    await ssh(hosts, 'cp1', 'sudo true')
    const before = await fileSystem(hosts, 'cp1')
    expect(before.size).toBeGreaterThan(3000)
    await ssh(hosts, 'cp1', 'sudo cat /etc/shadow >/dev/null; systemctl status >/dev/null')
    expect(writtenPaths(before, await fileSystem(hosts, 'cp1'))).toEqual([])
    await ssh(hosts, 'cp1', 'sudo touch --reference=/etc/passwd /etc/passwd; touch /tmp/new; sudo rm /etc/issue')
    expect(writtenPaths(before, await fileSystem(hosts, 'cp1'))).toEqual(['/etc/issue', '/etc/passwd', '/tmp/new'])
  })

  test('take a second start of the same name for a mistake, and stay up', async () => {
    const second = startLocalHosts({ name: hosts.name, hosts: [{ name: 'cp1', roles: ['control-plane'] }] })
    await expect(second).rejects.toThrow(UserError)
    await expect(second).rejects.toThrow(/exists already/)
    expect(await ssh(hosts, 'cp1', 'echo up')).toBe('up')
  })

  test('are listed, and described by a cluster.yaml', async () => {
    const listed = (await listLocalHosts()).find(cluster => cluster.name === hosts.name)
    expect(listed?.hosts.map(({ name, address, running }) => ({ name, address, running }))).toEqual(
      hosts.hosts.map(({ name, address }) => ({ name, address, running: true })),
    )
    const text = clusterFileText({ ...clusterFileHosts(hosts), needs: await detectNeeds(hosts) })
    const { spec } = parse(text)
    expect(spec.hosts).toEqual(hosts.hosts.map(({ name, address, roles }) => ({ name, address, roles })))
    expect(spec.kubernetes.kubeProxyConfiguration).toEqual({ conntrack: { maxPerCore: 0 } })
  })

  test('download from a mirror in their network', async () => {
    const { url } = await startMirror({ name: hosts.name, folder: import.meta.dirname })
    const served = await hosts.exec('w1', ['curl', '-sf', `${url}/local.test.ts`])
    expect(served.stdout).toBe(await readFile(import.meta.filename, 'utf8'))
    expect((await hosts.exec('w1', ['curl', '-sf', `${url}/missing`])).exitCode).toBe(22)
  })
})

test('hosts may differ in how they are logged into, and in what is installed', async () => {
  await using hosts = await startHosts({
    image: 'bookworm',
    variant: 'bare',
    hosts: [
      { name: 'direct', roles: ['worker'], user: 'root', sshPorts: [22, 2222], machineId: `${'0'.repeat(31)}1` },
      { name: 'asks', roles: ['worker'], password: 'a secret', sudo: 'with password' },
      { name: 'keyless', roles: ['worker'], key: false, setup: 'rm /usr/bin/sudo' },
    ],
  })
  expect(await ssh(hosts, 'direct', 'whoami; cat /etc/machine-id', 2222)).toBe(`root\n${'0'.repeat(31)}1`)
  expect(
    await ssh(hosts, 'direct', '. /etc/os-release; echo $VERSION_CODENAME; command -v nginx conntrack python3 || true'),
  ).toBe('bookworm')
  await expect(ssh(hosts, 'asks', 'sudo -n true')).rejects.toThrow(/password is required/)
  expect(await ssh(hosts, 'asks', "echo 'a secret' | sudo -S -p '' whoami")).toBe('root')
  await expect(ssh(hosts, 'keyless', 'true')).rejects.toThrow(/Permission denied/)
  expect((await hosts.exec('keyless', 'command -v sudo')).exitCode).not.toBe(0)
})

test('disposing leaves nothing: no container, volume, network or key', async () => {
  const hosts = await startHosts({ hosts: '1' })
  await hosts[Symbol.asyncDispose]()
  const { dockerode } = (await connectDocker()).container
  const filters = { label: [`${clusterLabel}=${hosts.name}`] }
  expect(await dockerode.listContainers({ all: true, filters })).toEqual([])
  expect(await dockerode.listNetworks({ filters })).toEqual([])
  expect((await dockerode.listVolumes({ filters })).Volumes ?? []).toEqual([])
  await expect(readFile(hosts.identityFile)).rejects.toThrow(/ENOENT/)
  expect(await removeLocalHosts(hosts.name)).toBe(0)
})

test('a start that fails leaves nothing, and says what the host said', async () => {
  const failing = startHosts({ hosts: [{ name: 'broken', roles: ['worker'], setup: 'echo no such luck; exit 3' }] })
  await expect(failing).rejects.toThrow(UserError)
  await expect(failing).rejects.toThrow(/container host broken.*no such luck/s)
  const left = (await listLocalHosts()).filter(({ hosts }) => hosts.some(({ name }) => name === 'broken'))
  expect(left).toEqual([])
})
