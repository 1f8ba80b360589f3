import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../src/core/index.ts'
import { ephemeralLabel, tokenDescription } from '../../src/resources/kubeadm/ephemeral-values.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { evcctl, eventsOf, startEvcctl } from './kit/evcctl.ts'

let cluster: TestCluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: '1+1' })
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

const applying = (): string[] => ['apply', cluster.file, '--yes', '--output', 'json']

/** The beginning of a task whose role and title are like these. */
const begins =
  (role: RegExp, title: RegExp) =>
  (event: Event): boolean =>
    event.type === 'task:start' && role.test(event.role) && title.test(event.title)

/** Processes on a host that an exchange of evcctl started: its shell and all below it. */
async function exchangeProcesses(host: string): Promise<string[]> {
  const { stdout } = await cluster.hosts.exec(
    host,
    `for file in /run/evcctl/exchange/*; do [ -e "$file" ] || continue; read -r _ _ group _ <"$file"
     for stat in /proc/[0-9]*/stat; do read -r line <"$stat" 2>/dev/null || continue
       set -- \${line##*) }; [ "$1" != Z ] && [ "$3" = "$group" ] && echo "$line"; done; done 2>/dev/null`,
  )
  return stdout.split('\n').filter(line => line !== '')
}

/** Process ids of kubeadm. */
async function kubeadmProcesses(host: string): Promise<string> {
  return (await cluster.hosts.exec(host, ['pgrep', '-x', 'kubeadm'])).stdout
}

/** No bootstrap token that evcctl made is there. */
async function expectNoToken(): Promise<void> {
  const type = '--field-selector=type=bootstrap.kubernetes.io/token'
  const tokens = await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', type, '-o', 'yaml')
  expect(tokens).not.toContain(Buffer.from(tokenDescription).toString('base64'))
  expect(tokens).not.toContain(ephemeralLabel)
}

// In the order in which they come in a run, so that each apply gets a stage further than the one before it.
const stages = [
  ['the operating system', /^os$/, /./],
  ['a download', /^(containerd|kubernetes-binaries)$/, /^(containerd|kubelet|artifact)/],
  ['loading images', /^images$/, /./],
  ['kubeadm init', /^control-plane$/, /kubeadm init/],
  ['the pod network', /^flannel$/, /./],
  ['kubeadm join', /^worker$/, /kubeadm join/],
  ['the nodes', /^(nodes|kubelet)$/, /./],
] as const

describe.sequential('a run that is killed', () => {
  test.for(stages)('SIGKILL in the middle of %s: the next run goes on', async ([, role, title]) => {
    const run = startEvcctl(applying(), cluster.env)
    await run.event(begins(role, title))
    // A moment, so that it is in the middle and not at the beginning.
    await sleep(700)
    run.child.kill('SIGKILL')
    const outcome = await run.ended
    expect(outcome.signal).toBe('SIGKILL')
  })

  test('afterwards one apply makes the cluster, and a plan has no changes', async () => {
    const outcome = await evcctl(applying(), cluster.env)
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(0)
    expect(await cluster.kubectl('get', 'nodes', '--no-headers')).toMatch(/^cp1 +Ready .*\nw1 +Ready /)
    const plan = await evcctl(['plan', cluster.file, '--exit-code'], cluster.env)
    expect(plan.stdout).toContain('No changes.')
    expect(plan.exitCode).toBe(0)
  })

  test('no token of the killed runs is valid any more', () => expectNoToken())

  test('nothing of the killed runs is left on the hosts', async () => {
    for (const { name } of cluster.hosts.hosts) {
      const left = await cluster.hosts.exec(
        name,
        'ls -A /run/evcctl/exchange /run/evcctl/lock /var/cache/evcctl 2>/dev/null; ls -d /var/lib/evcctl/*.unfinished /var/lib/kubelet/evcctl-unfinished* /var/lib/evcctl/kubeadm-before* 2>/dev/null',
      )
      expect(left.stdout.split('\n').filter(line => line !== '' && !line.endsWith(':'))).toEqual([])
      expect(await kubeadmProcesses(name)).toBe('')
    }
  })
})

/** Makes the worker join again: long enough to be interrupted. */
async function unjoin(): Promise<void> {
  const reset = await cluster.hosts.exec(
    'w1',
    'kubeadm reset -f >/dev/null 2>&1; rm -f /etc/cni/net.d/*; systemctl stop kubelet',
  )
  expect(reset.exitCode).toBe(0)
}

describe.sequential('a run that is killed while it makes a bootstrap token', () => {
  test('leaves none that is valid after the next run', async () => {
    await unjoin()
    const run = startEvcctl(applying(), cluster.env)
    await run.event(event => event.type === 'value:making')
    run.child.kill('SIGKILL')
    await run.ended
    const next = await evcctl(applying(), cluster.env)
    expect(next.stderr).toBe('')
    expect(next.exitCode).toBe(0)
    await expectNoToken()
  })
})

/** What a run of evcctl writes to, with times: a file that is written again without a change shows, too. */
function written(host: string): Promise<string> {
  const folders = '/etc /usr/local /var/lib/evcctl /run/evcctl /var/lib/kubelet/config.yaml /var/lib/kubelet/pki'
  return cluster.hosts
    .exec(host, `find ${folders} -printf '%p %s %m %C@\\n' | grep -v '^/run/evcctl' | sort; ls -A /run/evcctl/exchange`)
    .then(({ stdout }) => stdout)
}

describe.sequential('a run that stands still', () => {
  test('in the middle of kubeadm join is pushed aside, and writes nothing when it goes on', async () => {
    await unjoin()
    const stopped = startEvcctl(applying(), cluster.env)
    await stopped.event(begins(/^worker$/, /kubeadm join/))
    stopped.child.kill('SIGSTOP')
    const second = await evcctl(applying(), cluster.env)
    expect(second.stderr).toBe('')
    expect(second.exitCode).toBe(0)
    const taken = eventsOf(second).find(event => event.type === 'lock:taken')
    expect(taken?.type === 'lock:taken' && taken.from).toContain(`pid ${stopped.child.pid}`)
    expect(await cluster.kubectl('get', 'nodes', '--no-headers')).toMatch(/\nw1 +Ready /)
    const before = await Promise.all(['cp1', 'w1'].map(written))
    const tokens = await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'name')
    stopped.child.kill('SIGCONT')
    const outcome = await stopped.ended
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(/taken over by another run|a later run has written to it|could not be renewed/)
    expect(await Promise.all(['cp1', 'w1'].map(written))).toEqual(before)
    expect(await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'name')).toBe(tokens)
    expect((await evcctl(['plan', cluster.file], cluster.env)).stdout).toContain('No changes.')
  })
})

describe.sequential('^C', () => {
  test('once: what runs is finished, nothing new starts, and the exit code says so', async () => {
    await unjoin()
    const run = startEvcctl(applying(), cluster.env)
    await run.event(begins(/^worker$/, /kubeadm join/))
    run.child.kill('SIGINT')
    const outcome = await run.ended
    expect(outcome.exitCode).toBe(130)
    const events = eventsOf(outcome)
    expect(events.filter(event => event.type === 'run:stopping').map(event => event.how)).toEqual([
      'after running exchanges',
    ])
    const join = events.find(event => event.type === 'task:end' && /kubeadm join/.test(event.title))
    expect(join).toMatchObject({ result: 'changed' })
    const summary = events.find(event => event.type === 'run:end')
    expect(summary?.type === 'run:end' && summary.summary.cancelled).toBeGreaterThan(0)
    expect(await exchangeProcesses('w1')).toEqual([])
    expect((await evcctl(applying(), cluster.env)).exitCode).toBe(0)
  })

  test('twice: what runs is killed on the hosts, too, and the next run converges', async () => {
    await unjoin()
    const run = startEvcctl(applying(), cluster.env)
    await run.event(begins(/^worker$/, /kubeadm join/))
    run.child.kill('SIGINT')
    await sleep(300)
    run.child.kill('SIGINT')
    const outcome = await run.ended
    expect(outcome.exitCode).toBe(130)
    expect(
      eventsOf(outcome)
        .filter(event => event.type === 'run:stopping')
        .map(event => event.how),
    ).toEqual(['after running exchanges', 'now'])
    expect(await exchangeProcesses('w1')).toEqual([])
    expect(await kubeadmProcesses('w1')).toBe('')
    const again = await evcctl(applying(), cluster.env)
    expect(again.stderr).toBe('')
    expect(again.exitCode).toBe(0)
    expect((await evcctl(['plan', cluster.file], cluster.env)).stdout).toContain('No changes.')
  })
})
