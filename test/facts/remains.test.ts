import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { remainsFacts } from '../../src/facts/remains.ts'
import { remainsScript } from '../../src/facts/remains-script.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'evcctl-remains-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function read() {
  const script = remainsScript(kubeadmFacts).replace(/(?<=[ =])\/(etc|var|run|usr|opt|snap)\//g, `${root}/$1/`)
  const stdout = execFileSync('/bin/sh', { input: script, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  return remainsFacts(kubeadmFacts).parse(() => stdout.replaceAll(root, '').split('\n')).remains
}

test('the script prints names of settings and flags of the kubelet’s files, and nothing of an environment', () => {
  put('/etc/default/kubelet', `KUBELET_EXTRA_ARGS="--node-ip=10.0.0.1 --v=2"\n# --old=1\n`)
  put(
    '/etc/systemd/system/kubelet.service.d/20-more.conf',
    '[Service]\n; --not=this\nEnvironment = "TOKEN=s3cret"\n  ExecStart=\nExecStart=/usr/bin/kubelet --a=b\t--c\r\nEnvironmentFile=-/etc/x',
  )
  put('/run/systemd/system/kubelet.service.d/empty.conf', '')
  expect(read().kubeletSettings.map(({ path, settings }) => [path, settings])).toEqual([
    ['/etc/default/kubelet', ['--node-ip=10.0.0.1', '--v=2']],
    [
      '/etc/systemd/system/kubelet.service.d/20-more.conf',
      ['Environment', 'ExecStart', 'ExecStart', 'EnvironmentFile', '--a=b', '--c'],
    ],
    ['/run/systemd/system/kubelet.service.d/empty.conf', []],
  ])
})

test('the output has an upper bound for each file and for each host', () => {
  put('/etc/default/kubelet', `${'--flag=1 '.repeat(1000)}\n${'Environment=x\n'.repeat(1000)}`)
  for (let number = 0; number < 700; number++) put(`/etc/cni/net.d/${number}.conf`, '{}')
  const { cniFiles, kubeletSettings } = read()
  expect(cniFiles).toHaveLength(500)
  expect(kubeletSettings[0]?.settings.length).toBeLessThanOrEqual(100)
})

test('packages are those that have programs: of one that was removed, only settings may be left', () => {
  put('/var/lib/dpkg/info/kubelet.list', '/.\n/usr/bin/kubelet\n')
  put('/var/lib/dpkg/info/kubeadm.list', '/etc/kubernetes\n')
  put('/var/lib/dpkg/info/containerd.io.list', '/usr/bin/containerd\n')
  expect(read().packages).toEqual(['kubelet', 'containerd.io'])
})
