import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Change, Resource, TaskId } from '../../src/core/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { keepKubelet, keptKubelet } from '../../src/resources/kubelet/files.ts'
import { nodeReady } from '../../src/resources/kubelet/node-ready.ts'
import { kubeletOwnService, kubeletService } from '../../src/resources/kubelet/service.ts'
import { systemdUnit } from '../../src/resources/systemd/unit.ts'
import { PowerCut } from './cut-off.ts'
import { stateOf } from './state-of.ts'
import { TrialHost } from './trial-host.ts'
import { printedUnit, runningUnit, statOf, stoppedUnit } from './unit-given.ts'

const config = '/var/lib/kubelet/config.yaml'
const flags = '/var/lib/kubelet/kubeadm-flags.env'
const unproven = '/var/lib/evcctl/kubelet.unproven'
const state = '/var/lib/kubelet/cpu_manager_state'

// Started with "bad" in its configuration, the kubelet ends with a reason; systemd starts it again and again.
const programs = {
  systemctl: `echo "$*" >>ROOT/asked
case "$*" in
  'start '* | 'restart '*) echo $$ >ROOT/pid; cp ROOT/var/lib/kubelet/config.yaml ROOT/started;;
  'stop '*) rm -f ROOT/started;;
  'show -p ActiveState '*)
    if [ ! -e ROOT/started ]; then echo inactive; elif grep -q bad ROOT/started; then echo activating; else echo active; fi;;
  'show -p Type '*) echo exec;;
  'show -p MainPID '*) cat ROOT/pid;;
  'show -p NRestarts '*) echo 0;;
  'show -p LoadState,NeedDaemonReload '*) printf 'loaded\\nno\\n';;
  'show -p UnitFileState '*) echo enabled;;
esac
`,
  journalctl: `if grep -q bad ROOT/started 2>/dev/null; then
  for time in 1 2 3; do
    echo "Nov 28 11:22:0$time w1 kubelet[10$time]: E1128 11:22:0$time.123456     10$time run.go:72] \\"command failed\\" err=\\"bad setting\\""
    echo 'Failed with result exit-code.'
  done
fi
`,
  curl: `case "$*" in
  */healthz*) [ ! -e ROOT/unhealthy ];;
  *) echo '{"rows":[{"cells":["w1","'"$(cat ROOT/status 2>/dev/null || echo Ready)"'","worker"]}]}';;
esac
`,
  kubectl: `case "$*" in *lastHeartbeatTime*) cat ROOT/heartbeat;; esac
`,
  sleep: ':\n',
  ctr: ':\n',
}

class Node extends TrialHost {
  constructor(files: Readonly<Record<string, string>> = {}) {
    super(programs)
    const kept = { [config]: 'maxPods: 50\n', [flags]: 'KUBELET_KUBEADM_ARGS="--v=1"\n' }
    for (const [path, text] of Object.entries({ '/etc/kubernetes/kubelet.conf': 'x', ...kept, ...files }))
      this.write(path, text)
    this.write('/var/lib/kubelet/pki/kubelet-client-current.pem', 'x')
    mkdirSync(this.inside('/var/lib/evcctl/started'), { recursive: true })
    this.report('2099-01-01T00:00:00Z')
  }

  report(heartbeat: string): void {
    this.tell('heartbeat', heartbeat)
  }
}

function scriptOf<C, D>(resource: Resource<C, D>, current: C): string {
  const steps = resource.converge(current, resource.desired as D)
  const step = steps.at(-1)
  if (step === undefined || !('run' in step)) throw new Error('expected a run step')
  return step.run
}

const service = kubeletService([keptKubelet()])
const changed = { ...runningUnit, files: { [config]: statOf(1) }, stamp: {} }
const start = scriptOf(service, stateOf(service, ...printedUnit('kubelet.service', stoppedUnit)))
const restart = scriptOf(service, stateOf(service, ...printedUnit('kubelet.service', changed)))

describe('a kubelet that is started with something new', () => {
  test('runs with it, and the node counts for nothing before it has been seen Ready since', async () => {
    const node = new Node()
    expect(await node.do(keepKubelet)).toMatchObject({ exitCode: 0 })
    node.write(config, 'maxPods: 60\n')
    expect(await node.do(restart)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(node.read(config)).toBe('maxPods: 60\n')
    expect(node.has('/var/lib/evcctl/started/kubelet.service')).toBe(true)
    expect(node.read(unproven)).toMatch(/^\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
  })

  test('and ends again and again gets all its files back, runs with them, and its own reason is told', async () => {
    const node = new Node()
    await node.do(keepKubelet)
    node.write(config, 'bad: true\n')
    node.write(flags, 'KUBELET_KUBEADM_ARGS="--v=9"\n')
    const ended = await node.do(restart)
    expect(ended.exitCode).toBe(1)
    expect(node.read(config)).toBe('maxPods: 50\n')
    expect(node.read(flags)).toContain('--v=1')
    expect(readFileSync(join(node.root, 'started'), 'utf8')).toBe('maxPods: 50\n')
    const details = service.explain?.({ step: 0, ...ended }, service.desired as never)
    expect(details?.problem).toContain('has its former files again')
    expect(details?.problem).toContain('config.yaml')
    expect(details?.actual).toContain('bad setting')
    expect(details?.actual).not.toContain('either')
    expect(details?.actual).not.toContain('put back')
  })

  test('that answers no health check gets its files back as well', async () => {
    const node = new Node()
    await node.do(keepKubelet)
    node.write(config, 'maxPods: 60\n')
    node.tell('unhealthy', '')
    // The clock runs by 30 s a look.
    const clock = `#!/bin/sh\nn=$(( $(cat ${node.root}/clock 2>/dev/null || echo 0) + 30 )); echo $n >${node.root}/clock; echo $n\n`
    writeFileSync(join(node.root, 'bin', 'date'), clock, { mode: 0o755 })
    const ended = await node.do(restart)
    expect(ended.exitCode).toBe(1)
    expect(node.read(config)).toBe('maxPods: 50\n')
    expect(ended.stderr).toContain('does not run with them either')
  })

  test('without files that were kept fails with its reason, and nothing else is touched', async () => {
    const node = new Node({ [config]: 'bad: true\n' })
    const ended = await node.do(restart)
    expect(ended.exitCode).toBe(1)
    expect(ended.stderr).toContain('bad setting')
    expect(node.read(config)).toBe('bad: true\n')
  })

  test('gives back the configuration of the container runtime, too, with which it cannot work', async () => {
    const node = new Node()
    const path = '/etc/etcd/runtime.conf'
    node.write(path, 'old')
    const runtime = { unit: 'containerd.service', files: [path], watches: [path] }
    const unit = systemdUnit({
      unit: runtime.unit,
      state: 'running',
      enabled: true,
      trial: { kept: [runtime], fileOfNode: kubeadmApi.kubeletConf },
    })
    rmSync(node.inside('/etc/kubernetes/kubelet.conf'))
    expect(
      await node.do(scriptOf(unit, stateOf(unit, ...printedUnit('containerd.service', stoppedUnit)))),
    ).toMatchObject({ exitCode: 0 })
    node.write('/etc/kubernetes/kubelet.conf', 'x')
    await node.do(keepKubelet)
    node.write(path, 'new')
    node.write(config, 'bad: true\n')
    const both = kubeletService([runtime, keptKubelet()])
    const ended = await node.do(scriptOf(both, stateOf(both, ...printedUnit('kubelet.service', changed))))
    expect([ended.exitCode, node.read(path), node.read(config)]).toEqual([1, 'old', 'maxPods: 50\n'])
    expect(node.asked()).toContain('restart -- containerd.service')
  })

  test('is not restarted where it only has to be started at boot', async () => {
    const node = new Node()
    await node.do(start)
    const before = node.asked().length
    await node.do(start)
    expect(node.asked().slice(before)).not.toContain('stop -- kubelet.service')
  })

  test.each([
    ['none', 'cpuManagerPolicy: static\n', false],
    ['static', 'cpuManagerPolicy: "static"\n', true],
    ['none', 'maxPods: 50\n', true],
    ['static', 'maxPods: 50\n', false],
  ])('keeps the state of a CPU policy (%s) only under that policy: %j', async (policy, text, stays) => {
    const node = new Node({ [config]: text, [state]: `{"policyName":"${policy}","defaultCpuSet":"","checksum":1}` })
    await node.do(start)
    expect(node.has(state)).toBe(stays)
  })

  test('keeps the state of a CPU policy that a flag gives it', async () => {
    const node = new Node({
      [state]: '{"policyName":"static"}',
      [flags]: 'KUBELET_KUBEADM_ARGS="--cpu-manager-policy=static"\n',
    })
    await node.do(start)
    expect(node.has(state)).toBe(true)
  })
})

describe('a host that loses its power at any moment', () => {
  const fill = (node: Node) =>
    Object.fromEntries(Object.entries(programs).map(([name, text]) => [name, text.replaceAll('ROOT', node.root)]))

  test('while files are put back still has them, and puts them back the next time', async () => {
    const node = new Node()
    await node.do(keepKubelet)
    const host = new PowerCut(node, fill(node))
    for (let before = 20; before < 80; before += 3) {
      node.write(config, 'bad: true\n')
      await host.run(restart, before)
      expect(['bad: true\n', 'maxPods: 50\n'], `cut off before program ${before}`).toContain(node.read(config))
      node.write(config, 'bad: true\n')
      expect(await host.run(restart)).toMatchObject({ exitCode: 1 })
      expect(node.read(config), `after program ${before}`).toBe('maxPods: 50\n')
    }
  })

  test('while new files are kept has all of the former or all of the new ones, or keeps them again', async () => {
    const node = new Node()
    const host = new PowerCut(node, fill(node))
    const proven = `/var/lib/evcctl/proven/kubelet.service${node.inside(config)}`
    for (let before = 1; before < 24; before++) {
      node.write(config, 'maxPods: 50\n')
      await host.run(keepKubelet)
      node.write(config, 'maxPods: 60\n')
      await host.run(keepKubelet, before)
      const path = join(node.root, proven)
      if (existsSync(path)) expect(readFileSync(path, 'utf8')).toMatch(/^maxPods: [56]0\n$/)
      expect(await host.run(keepKubelet)).toMatchObject({ exitCode: 0 })
      expect(readFileSync(path, 'utf8')).toBe('maxPods: 60\n')
    }
  })
})

test('a unit that ends again and again is not waited for until the time is up', async () => {
  const node = new Node()
  const endless = `#!/bin/sh
case "$*" in
  *NRestarts*) n=$(( $(cat ${node.root}/ends 2>/dev/null || echo 0) + 1 )); echo $n >${node.root}/ends; echo $n;;
  *ActiveState*) echo activating;;
esac
`
  writeFileSync(join(node.root, 'bin', 'systemctl'), endless, { mode: 0o755 })
  const unit = systemdUnit({ unit: 'containerd.service', state: 'running', enabled: true })
  const ended = await node.do(scriptOf(unit, stateOf(unit, ...printedUnit('containerd.service', stoppedUnit))))
  expect([ended.exitCode, ended.stderr]).toEqual([1, 'containerd.service has ended 5 times since it was started\n'])
})

describe('a node whose kubelet was started', () => {
  const resource = nodeReady({
    api: kubeadmApi,
    service: kubeletOwnService,
    name: 'w1',
    endpoint: '127.0.0.1:7443',
    ready: true,
    store: 'containerd',
    kept: [keptKubelet()],
  })
  const read = async (node: Node) => {
    const { script } = resource.probe
    return resource.probe.parse(await node.do(script))
  }
  const differs = async (node: Node, watched: readonly string[] = []): Promise<Change | undefined> =>
    resource.diff(await read(node), { node: 'w1' }, { watched: watched as readonly TaskId[] })
  const wait = async (node: Node) => node.do(scriptOf(resource, await read(node)))

  test('is in desired state only when it was seen Ready since', async () => {
    const node = new Node()
    expect(await differs(node)).toBeUndefined()
    await node.do(restart)
    expect(await differs(node)).toMatchObject({ action: 'run', fields: [{ after: 'Ready again' }] })
    expect(await wait(node)).toMatchObject({ exitCode: 0 })
    expect(await differs(node)).toBeUndefined()
    expect(node.has(unproven)).toBe(false)
  })

  test('is shown by a plan as waited for, because of the restart', async () => {
    expect(await differs(new Node(), ['w1/unit:kubelet.service'])).toMatchObject({
      because: ['w1/unit:kubelet.service'],
    })
  })

  test('has its new files kept as good from then on', async () => {
    const node = new Node()
    await node.do(keepKubelet)
    node.write(config, 'maxPods: 60\n')
    await node.do(restart)
    expect(await wait(node)).toMatchObject({ exitCode: 0 })
    node.write(config, 'bad: true\n')
    expect(await node.do(restart)).toMatchObject({ exitCode: 1 })
    expect(node.read(config)).toBe('maxPods: 60\n')
  })

  test('counts also where the clock was put back after the start', async () => {
    const node = new Node()
    await node.do(keepKubelet)
    node.write(config, 'maxPods: 60\n')
    await node.do(restart)
    const ahead = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z/, 'Z')
    node.write(unproven, `${Math.floor(Date.now() / 1000) + 3600} ${ahead}\n`)
    node.report(new Date().toISOString().replace(/\.\d+Z/, 'Z'))
    expect(await wait(node)).toMatchObject({ exitCode: 0 })
    expect([node.read(config), node.has(unproven)]).toEqual(['maxPods: 60\n', false])
  })

  // Each look at the clock takes 10 s.
  const hurried = (node: Node) => {
    const clock = `#!/bin/sh
case $* in
  '+%s') n=$(( $(cat ${node.root}/clock 2>/dev/null || echo 0) + 10 )); echo $n >${node.root}/clock; echo $n;;
  *) echo '0 2026-11-28T11:00:00Z';;
esac
`
    writeFileSync(join(node.root, 'bin', 'date'), clock, { mode: 0o755 })
  }

  test.each([
    ['its Ready is from before the start', 'Ready', '2026-11-28T10:59:59Z'],
    ['it is not Ready', 'NotReady', '2026-11-28T11:00:05Z'],
  ])('does not count while %s: it gets its files from before', async (_what, status, heartbeat) => {
    const node = new Node()
    hurried(node)
    await node.do(keepKubelet)
    node.write(config, 'maxPods: 60\n')
    await node.do(restart)
    node.report(heartbeat)
    node.tell('status', status)
    const ended = await wait(node)
    expect([ended.exitCode, node.read(config)]).toEqual([1, 'maxPods: 50\n'])
    const details = resource.explain?.({ step: 0, ...ended }, { node: 'w1' })
    expect(details?.problem).toContain('so it has its former files again')
    expect(details?.next).toContain('What else was changed on w1 stays')
    expect(node.has(unproven)).toBe(true)
  })

  test('keeps what it has while no API server answers: that does not tell what is at fault', async () => {
    const node = new Node()
    hurried(node)
    await node.do(keepKubelet)
    node.write(config, 'maxPods: 60\n')
    await node.do(restart)
    writeFileSync(join(node.root, 'bin', 'curl'), '#!/bin/sh\necho refused; exit 7\n', { mode: 0o755 })
    const ended = await wait(node)
    expect([ended.exitCode, node.read(config)]).toEqual([1, 'maxPods: 60\n'])
  })
})
