import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Graph, TaskId } from '../../src/index.ts'
import { clusterGraph, facts, factsOf, ofRole, specOf, waitsFor } from '../playbooks/given.ts'
import { Sandbox } from '../resources/sandbox.ts'

const script = '/usr/local/sbin/evcctl-etcd-snapshot'
const folder = '/var/backups/evcctl/etcd'
const contentOf = (graph: Graph, host: string, path: string) =>
  String(graph.tasks.get(`${host}/file:${path}` as TaskId)?.resource.desired.content)

describe('snapshots of etcd', () => {
  const hosts = [
    { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
    { name: 'e1', address: '192.0.2.31', roles: ['etcd'] },
  ]
  const known = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))
  const hostsOf = (graph: Graph) => new Set(ofRole(graph, 'etcd-snapshots').map(id => id.split('/')[0]))

  test('are taken by the host of every member, and by no other', () => {
    expect([...hostsOf(clusterGraph(specOf(), facts))]).toEqual(['cp1'])
    const external = clusterGraph(specOf({ etcd: { topology: 'external' }, hosts }), known)
    expect([...hostsOf(external)]).toEqual(['e1'])
    expect(contentOf(external, 'e1', script)).toContain('--cacert /etc/etcd/pki/ca.crt')
  })

  test('have a timer that starts once the host is a member, unless cluster.yaml wants none', () => {
    const timer = 'cp1/unit:evcctl-etcd-snapshot.timer' as TaskId
    const graph = clusterGraph(specOf({ etcd: { backup: { schedule: '*-*-* 03:00', keep: 3 } } }), facts)
    expect(waitsFor(graph, timer)).toContain('cp1/kubeadm init:cluster')
    expect(graph.tasks.get(timer)!.resource.desired).toMatchObject({ state: 'running', enabled: true })
    expect(contentOf(graph, 'cp1', '/etc/systemd/system/evcctl-etcd-snapshot.timer')).toContain(
      '\nOnCalendar=*-*-* 03:00\n',
    )
    expect(contentOf(graph, 'cp1', script)).toContain('\nkeep=3\n')
    const off = clusterGraph(specOf({ etcd: { backup: { enabled: false } } }), facts)
    expect(off.tasks.get(timer)!.resource.desired).toMatchObject({ state: 'stopped', enabled: false })
    expect(off.tasks.has(`cp1/file:${script}` as TaskId)).toBe(true)
  })
})

describe('the script on the host', () => {
  let host: Sandbox
  let text: string
  const at = (path: string) => join(host.root, path)
  const put = (path: string, content: string, mode = 0o600) => {
    mkdirSync(dirname(at(path)), { recursive: true })
    writeFileSync(at(path), content)
    chmodSync(at(path), mode)
  }
  const program = (name: string, does: string) =>
    put(`/usr/local/bin/${name}`, `#!/bin/sh\n${host.inside(does)}\n`, 0o755)
  // A snapshot ends with the sha256 of all before it.
  const saves = 'printf "all of etcd" >"$file"; printf "all of etcd" | openssl dgst -sha256 -binary >>"$file"'
  const etcdctl = (save = saves) =>
    program(
      'etcdctl',
      `for file in "$@"; do :; done
case "$*" in
*'endpoint status'*) echo '[{"Status":{"header":{"revision":41},"dbSize":20480}}]' ;;
*'snapshot save'*) ${save} ;;
esac`,
    )
  const etcdutl = (keys = 7) =>
    program(
      'etcdutl',
      `case $1 in version) echo 'etcdutl version: 3.6.8' ;; *) echo '{"hash":3735928559,"revision":42,"totalKey":${keys},"totalSize":20480}' ;; esac`,
    )
  const run = (before = '') => host.sh(`${before}${text}`)
  const kept = () => readdirSync(at(folder)).filter(name => name !== '.lock')

  beforeEach(() => {
    host = new Sandbox()
    put('/etc/kubernetes/manifests/etcd.yaml', '    - --listen-client-urls=https://127.0.0.1:2379\n')
    put(
      '/etc/kubernetes/manifests/kube-apiserver.yaml',
      '    - --encryption-provider-config=/etc/evcctl-of-a-user/encryption.yaml\n',
    )
    put('/etc/kubernetes/pki/ca.key', 'the key')
    put('/etc/kubernetes/tmp/kubeadm-backup-etcd/member', 'a copy of etcd')
    put('/etc/evcctl-of-a-user/encryption.yaml', 'what secrets are encrypted with')
    etcdctl()
    etcdutl()
    const graph = clusterGraph(specOf({ etcd: { backup: { keep: 2 } } }), facts)
    text = contentOf(graph, 'cp1', script)
      .replaceAll('/usr/local/bin/', `${host.root}/usr/local/bin/`)
      .replaceAll('/var/backups', `${host.root}/var/backups`)
      .replaceAll('cd /\n', `cd ${host.root}\n`)
      .replaceAll('-C / ', `-C ${host.root} `)
      .replaceAll('[ -f "$encryption" ]', `[ -f "${host.root}$encryption" ]`)
  })
  afterEach(() => rmSync(host.root, { recursive: true, force: true }))

  test('keeps a snapshot with all that a restore needs, for root alone, and says what is in it', async () => {
    const { exitCode, stdout, stderr } = await run()
    expect([exitCode, stderr]).toEqual([0, ''])
    const said = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map(line => line.split('=')),
    )
    expect(said).toMatchObject({ revision: '42', keys: '7', hash: 'deadbeef', etcd: '3.6.8' })
    expect(statSync(said.snapshot).mode & 0o777).toBe(0o600)
    expect(statSync(at(folder)).mode & 0o777).toBe(0o700)
    const list = await host.sh(`tar -tzf ${said.snapshot}; tar -xzOf ${said.snapshot} manifest.json`)
    expect(list.stdout).toContain('etc/kubernetes/pki/ca.key\n')
    expect(list.stdout).toContain('etc/evcctl-of-a-user/encryption.yaml\n')
    expect(list.stdout).not.toContain('kubeadm-backup-etcd')
    const manifest = JSON.parse(list.stdout.trim().split('\n').at(-1)!)
    expect(manifest).toMatchObject({
      cluster: 'edge-seoul',
      host: 'cp1',
      revision: 42,
      keys: 7,
      etcd: '3.6.8',
      size: 43,
    })
  })

  describe('with a command that copies snapshots', () => {
    const copying = (command: string, scheduled = false) => {
      const quoted = `'${command.replaceAll("'", `'\\''`)}'`
      return host.sh(
        `${scheduled ? 'set -- --scheduled; ' : ''}${text.replace("\ncopy=''\n", () => `\ncopy=${quoted}\n`)}`,
      )
    }

    test('is what cluster.yaml says', () => {
      const graph = clusterGraph(
        specOf({ etcd: { backup: { copyCommand: 'scp "$EVCCTL_SNAPSHOT" \'a b\':' } } }),
        facts,
      )
      expect(contentOf(graph, 'cp1', script)).toContain(`\ncopy='scp "$EVCCTL_SNAPSHOT" '\\''a b'\\'':'\n`)
      expect(contentOf(graph, 'cp1', '/etc/systemd/system/evcctl-etcd-snapshot.service')).toContain(
        `${script} --scheduled\n`,
      )
    })

    test('lets others take a snapshot meanwhile', async () => {
      const { exitCode, stdout } = await copying('flock -n "$(dirname "$EVCCTL_SNAPSHOT")/.lock" true')
      expect(exitCode).toBe(0)
      expect(stdout).not.toContain('warning=')
    })

    test('runs it with the path of the finished archive, and does not print what it prints', async () => {
      const { exitCode, stdout, stderr } = await copying(
        `cp "$EVCCTL_SNAPSHOT" ${host.root}/copy; echo "$EVCCTL_CLUSTER $EVCCTL_HOST" >${host.root}/of; echo said`,
      )
      expect([exitCode, stderr]).toEqual([0, ''])
      expect(stdout).not.toContain('said')
      expect(stdout).not.toContain('warning=')
      expect((await host.sh(`tar -tzf ${host.root}/copy; cat ${host.root}/of`)).stdout).toMatch(
        /snapshot\.db\n(.*\n)*edge-seoul cp1\n$/,
      )
    })

    test.each([
      [false, 0],
      [true, 1],
    ])(
      'keeps the snapshot where it fails, and warns; run by the timer (%s) it ends with %i',
      async (scheduled, code) => {
        const { exitCode, stdout } = await copying('echo "no route to host" >&2; exit 7', scheduled)
        expect(exitCode).toBe(code)
        expect(stdout).toMatch(/^warning=it is on this host only: .* ended with 7: no route to host$/m)
        expect(kept()).toEqual([expect.stringMatching(/Z\.tar\.gz$/)])
      },
    )
  })

  test('keeps the newest ones, and the one that it has just made, whatever the clock said before', async () => {
    const names = ['20250101T000000Z', '20260101T000000Z', '20990101T000000Z']
    for (const name of names) put(`${folder}/${name}.tar.gz`, 'old')
    put(`${folder}/mine.txt`, 'of somebody else')
    const { stdout } = await run()
    const [made = ''] = /\d{8}T\d{6}Z\.tar\.gz/.exec(stdout) ?? []
    expect(kept().sort()).toEqual([made, '20990101T000000Z.tar.gz', 'mine.txt'].sort())
  })

  test('takes away what a run that was killed has left', async () => {
    put(`${folder}/.new.abcdef/snapshot.db`, 'half of one')
    expect((await run()).exitCode).toBe(0)
    expect(existsSync(at(`${folder}/.new.abcdef`))).toBe(false)
  })

  test.each([
    [
      'what arrived is not what etcd sent',
      () => etcdctl('printf "forty-three bytes that end with no sha256 of the rest" >"$file"'),
      'is not what etcd sent',
    ],
    ['etcd gives none', () => etcdctl('echo "rpc error: no" >&2; exit 1'), 'etcd gave none: rpc error: no'],
    ['there is nothing in it', () => etcdutl(0), 'there is nothing in it'],
    ['a tool is missing', () => rmSync(at('/usr/local/bin/etcdutl')), 'To install it: evcctl apply'],
    ['the host has no member', () => rmSync(at('/etc/kubernetes/manifests/etcd.yaml')), 'has no member of etcd'],
  ])('fails and leaves the former ones alone where %s', async (_, given, words) => {
    put(`${folder}/20260101T000000Z.tar.gz`, 'old')
    given()
    const { exitCode, stderr } = await run()
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(words)])
    expect(kept()).toEqual(['20260101T000000Z.tar.gz'])
  })

  test('fails before it asks etcd where the disk has no room', async () => {
    const { exitCode, stderr } = await run("df() { printf 'head\\n/dev/x 100 99 1024 99%% /\\n'; }\n")
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('has 1 MiB free, and 64 MiB are needed')])
    expect(kept()).toEqual([])
  })

  test('says what is missing where the keys of secrets are not to be found', async () => {
    rmSync(at('/etc/evcctl-of-a-user'), { recursive: true })
    const { exitCode, stdout } = await run()
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('warning=')])
  })
})
