import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { explainKubeadm } from '../../src/resources/kubeadm/failure.ts'
import { watchedFunction } from '../../src/resources/kubeadm/watch.ts'
import { Sandbox } from './sandbox.ts'

const config = '/var/lib/kubelet/config.yaml'

/** Runs `watched` with these programs in the place of kubeadm and of the journal of the kubelet. */
async function watch(kubeadm: string, journal: string) {
  const sandbox = new Sandbox()
  mkdirSync(sandbox.inside('/var/lib/kubelet'), { recursive: true })
  const bin = join(sandbox.root, 'bin')
  mkdirSync(bin)
  const program = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${sandbox.inside(text)}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  program('kubeadm', kubeadm)
  program('journalctl', journal)
  program('systemctl', 'echo 0')
  // Each look at the clock takes 2 s, and no look has to be waited for.
  const clock = `${sandbox.root}/clock`
  program('date', `n=$(( $(cat ${clock} 2>/dev/null || echo 0) + 2 )); echo $n >${clock}; echo $n`)
  program('sleep', 'exec /bin/sleep 0.05')
  const began = Date.now()
  const ran = await sandbox.sh(
    `set -eu\n${watchedFunction}watched kubeadm join --config x && echo joined`,
    '',
    `${bin}:`,
  )
  return { ...ran, ms: Date.now() - began, left: existsSync(sandbox.inside('/run/evcctl/kubeadm.pid')), sandbox }
}

const line = (message: string, count: number) =>
  Array.from(
    { length: count },
    (_, n) =>
      `echo 'Nov 28 11:22:0${n} w1 kubelet[10${n}]: E1128 11:22:0${n}.500000     10${n} run.go:72] "command failed" err="${message}"'`,
  ).join('\n')
const waits = `: >${config}; exec /bin/sleep 20`

test('a kubelet that ends again and again with the same words ends kubeadm, and these are told', async () => {
  const { exitCode, stdout, stderr, ms, left } = await watch(waits, line('unknown flag: --bogus', 3))
  expect(exitCode).not.toBe(0)
  expect(ms).toBeLessThan(10_000)
  expect(stdout).toContain('the kubelet has ended: ')
  expect(left).toBe(false)
  const details = explainKubeadm({ step: 0, exitCode, stdout, stderr }, { run: 'kubeadm join' })!
  expect(details.problem).toBe('The kubelet cannot start during kubeadm join.')
  expect(details.actual).toContain('unknown flag: --bogus')
})

test('words that differ only in what they list are the same', async () => {
  const lists = ['/cpu, /memory, /pids', '/memory, /pids, /cpu', '/pids, /cpu, /memory']
  const journal = lists
    .map(
      (list, n) =>
        `echo 'Nov 28 11:22:01 w1 kubelet[10${n}]: E1128 11:22:01.500000     10${n} kubelet.go:1821] ${containerManager(list)}'`,
    )
    .join('\n')
  const { exitCode, stderr } = await watch(waits, journal)
  expect(exitCode).not.toBe(0)
  expect(stderr).toContain('again and again: ')
  expect(stderr).toContain('has some missing paths: ')
})

// As kubelet 1.36 says it of a systemReservedCgroup that is not there.
const containerManager = (paths: string) =>
  `"Failed to start ContainerManager" err="Failed to enforce System Reserved Cgroup Limits on \\"/none\\": cgroup [\\"none\\"] has some missing paths: ${paths}"`

test('one end of it is told, and waited over', async () => {
  const { exitCode, stdout } = await watch(`: >${config}; /bin/sleep 1.5`, line('unknown flag: --bogus', 1))
  expect(exitCode).toBe(0)
  expect(stdout.match(/the kubelet has ended: .*unknown flag/g)).toHaveLength(1)
  expect(stdout).toContain('joined')
})

test.each([
  ['before kubeadm has written its configuration', '/bin/sleep 1', line('failed to load kubelet config file', 9)],
  [
    'because an API server does not answer yet',
    `: >${config}; /bin/sleep 1`,
    line('failed to run Kubelet: cannot create certificate signing request: connection refused', 9),
  ],
])('ends %s count for nothing', async (_what, kubeadm, journal) => {
  const { exitCode, stdout, stderr } = await watch(kubeadm, journal)
  expect([exitCode, stdout, stderr]).toEqual([0, 'joined\n', ''])
})

test('kubeadm ends as it would alone: with its code, its words and its input', async () => {
  const { exitCode, stderr, sandbox } = await watch('echo "$*" >"$0.asked"; echo said >&2; exit 7', ':')
  expect([exitCode, stderr]).toEqual([7, 'said\n'])
  expect(readFileSync(join(sandbox.root, 'bin/kubeadm.asked'), 'utf8')).toBe('join --config x\n')
})
