import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cannotStartFunction, kubeletEndedFunction } from '../../src/resources/kubelet/evidence.ts'
import { TrialHost } from './trial-host.ts'

const uid = '0123456789abcdef0123456789abcdef'

/** A host whose kubelet has logged these lines, as process 2374, which runs: journalctl -o cat gives them without their head. */
function hostWith(journal: readonly string[], running = '0'): TrialHost {
  const host = new TrialHost({
    journalctl: `case "$*" in *'-o cat'*) sed 's/^[^[]*[[][0-9]*[]]: //' ROOT/journal ;; *) cat ROOT/journal ;; esac\n`,
    systemctl: `echo ${running}\n`,
    date: 'echo 100\n',
  })
  host.tell('journal', journal.map(line => `${line.startsWith('Nov') ? '' : head()}${line}\n`).join(''))
  host.tell('mark', '')
  utimesSync(join(host.root, 'mark'), 90, 90)
  return host
}

const head = (process = 2374) => `Nov 28 11:22:01 cp1 kubelet[${process}]: `
const klog = (message: string, process = 2374) => `E1128 11:22:01.278751    ${process} ${message}`
const quoted = (text: string) => JSON.stringify(text)

interface Failure {
  readonly container?: string
  readonly pod?: string
  readonly podUID?: string
  readonly why?: string
}

/** What `failed to start` says, as kubelet 1.34 to 1.37 do. */
const failed = ({ container = 'kube-apiserver', why = 'not found' }: Failure) =>
  `failed to "StartContainer" for "${container}" with RunContainerError: ${quoted(why)}`
const notStarted = (failure: Failure = {}) =>
  klog(
    `pod_workers.go:1338] "Error syncing pod, skipping" err=${quoted(failed(failure))} pod="${failure.pod ?? 'kube-system/kube-apiserver-cp1'}" podUID="${failure.podUID ?? uid}"`,
  )
const inJson = `{"ts":1764328921278.751,"caller":"kubelet/pod_workers.go:1338","msg":"Error syncing pod, skipping","pod":{"name":"kube-apiserver-cp1","namespace":"kube-system"},"podUID":"${uid}","err":${quoted(failed({}))}}`

/** Whether it is certain that the API server, or another component, cannot start; its pod has logs of that name. */
async function isCertain(host: TrialHost, component = 'kube-apiserver'): Promise<boolean> {
  const script = `${cannotStartFunction}cannot_start ${component} ${host.root}/mark`
  const { exitCode, stderr } = await host.do(script.replaceAll('/var/log/pods', `${host.root}/pods`))
  expect(stderr).toBe('')
  return exitCode === 0
}

function logsOf(host: TrialHost, component: string, pod = `${component}-cp1_${uid}`, files = {}): void {
  const folder = join(host.root, 'pods', `kube-system_${pod}`)
  mkdirSync(join(folder, component), { recursive: true })
  for (const [name, text] of Object.entries<string>(files)) writeFileSync(join(folder, component, name), text)
}

test.each([
  ['in the text format', [notStarted(), notStarted()]],
  ['in JSON', [inJson, inJson]],
])('a container of a static pod that could not be started twice is certain not to start, %s', async (_what, lines) => {
  const host = hostWith(lines)
  logsOf(host, 'kube-apiserver')
  expect(await isCertain(host)).toBe(true)
})

const tenant = { pod: 'team/control-plane-0', podUID: '8c0d3f3e-6b4e-4d5a-9c1b-2f6a7d8e9f00' }
const own = `for "kube-apiserver" with RunContainerError: x" pod="kube-system/kube-apiserver-cp1" podUID="${uid}"`
test.each([
  ['once', [notStarted()]],
  ['in a pod of a tenant', [notStarted(tenant), notStarted(tenant), notStarted(tenant)]],
  ['as words in an error of a tenant', [notStarted({ ...tenant, why: own }), notStarted({ ...tenant, why: own })]],
  [
    'in a line that the kubelet prints for a tenant, who does not know the UID of the pod',
    [notStarted({ podUID: 'f'.repeat(32) }), notStarted({ podUID: 'f'.repeat(32) })],
  ],
  [
    'under another message',
    [klog(`nestedpendingoperations.go:348] "x" err=${quoted(own)}`), klog(`mount.go:1] "x" err=${quoted(own)}`)],
  ],
])('a container that could not be started %s may still start', async (_what, lines) => {
  const host = hostWith(lines)
  logsOf(host, 'kube-apiserver')
  expect(await isCertain(host)).toBe(false)
})

const crashed = 'E1128 11:22:01.278751       1 run.go:72] "command failed" err="unknown flag: --bogus"\n'
const usage = '2026-11-28T11:22:01.5Z stderr F       --v Level   number for the log level verbosity\n'.repeat(450)
const bound = (text: string) => `E1128 11:22:01.278751       1 pv_controller.go:1] "x" err=${quoted(text)}\n`
test.each([
  ['unknown flag', '2026-11-28T11:22:01.5Z stderr F Error: unknown flag: --bogus\n', true],
  ['unknown flag, with Docker', '{"log":"Error: unknown flag: --bogus\\n","stream":"stderr"}\n', true],
  ['unknown flag after all flags', `${usage}2026-11-28T11:22:01.5Z stderr F Error: unknown flag: --bogus\n`, true],
  ['unknown flag, by klog', `2026-11-28T11:22:01.5Z stderr F ${crashed}`, true],
  ['error of a volume', `2026-11-28T11:22:01.5Z stderr F ${bound('rpc error: invalid argument')}`, false],
  ['volume of that name', `2026-11-28T11:22:01.5Z stderr F ${bound('Error: unknown flag: --bogus')}`, false],
])('a controller manager that has ended once is certain not to start after an %s: %s', async (_what, log, certain) => {
  const host = hostWith([])
  logsOf(host, 'kube-controller-manager', undefined, { '1.log': log })
  expect(await isCertain(host, 'kube-controller-manager')).toBe(certain)
})

test('a helper pod beside etcd, which ends again and again, is not etcd', async () => {
  const host = hostWith([])
  logsOf(host, 'etcd', 'etcd-defrag-29406_8c0d3f3e-6b4e-4d5a-9c1b-2f6a7d8e9f00', { '3.log': '' })
  expect(await isCertain(host, 'etcd')).toBe(false)
})

/** The message with which the kubelet has ended three times; empty: with none. */
async function ended(lines: readonly string[], running?: string): Promise<string> {
  const { stdout, stderr } = await hostWith(lines, running).do(`${kubeletEndedFunction}kubelet_ended 0 3 || :`)
  expect(stderr).toBe('')
  return stdout
}

const thrice = (line: (process: number) => string) => [101, 102, 103].map(process => `${head(process)}${line(process)}`)
const why = (text: string) => `"command failed" err=${quoted(text)}`

test.each([
  ['of a flag', (process: number) => klog(`run.go:72] ${why('unknown flag: --bogus')}`, process), 'unknown flag'],
  [
    'of a cgroup',
    (process: number) => klog('kubelet.go:1821] "Failed to start ContainerManager" err="x"', process),
    'ContainerManager',
  ],
  ['of a fatal error', (process: number) => klog('kubelet.go:1] broken', process).replace('E', 'F'), 'broken'],
  ['of a panic', () => 'panic: runtime error: index out of range', 'panic: '],
  [
    'of its runtime, with logs in JSON',
    (process: number) =>
      `{"ts":17643289212${process}.751,"caller":"cli/run.go:72","msg":"command failed","err":"failed to run Kubelet: x"}`,
    'failed to run Kubelet',
  ],
])('a kubelet that has ended three times because %s cannot start', async (_what, line, words) => {
  expect(await ended(thrice(line))).toContain(words)
})

const command = 'failed to create containerd task: exec: "Failed to run Kubelet": executable file not found in $PATH'
const printed = klog(`run.go:72] ${why('printed for a tenant')}`)
const refused = (process: number) => klog(`run.go:72] ${why('failed to run Kubelet: connection refused')}`, process)
test.each([
  [
    'runs, and has a pod with such a command',
    Array.from({ length: 9 }, () => notStarted({ ...tenant, why: command })),
    '2374',
  ],
  ['has ended, and had a pod with such a command', thrice(() => notStarted({ ...tenant, why: command })), '0'],
  ['runs, and prints whole lines for a tenant', Array.from({ length: 9 }, () => printed), '2374'],
  ['has ended once', Array.from({ length: 9 }, () => printed), '0'],
  ['has ended, and printed lines that are not its own', thrice(() => printed), '0'],
  [
    'ends because no API server answers, and printed such lines before',
    [101, 102, 103].flatMap(process => [
      `${head(process)}${klog(`run.go:72] ${why('printed for a tenant')}`, process)}`,
      `${head(process)}${refused(process)}`,
    ]),
    '0',
  ],
])('a kubelet that %s can start', async (_what, lines, running) => {
  expect(await ended(lines, running)).toBe('')
})
