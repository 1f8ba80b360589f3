import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/core/index.ts'
import { dropPackets } from '../hosts/kit/packets.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { editClusterFile } from './kit/edit-cluster-file.ts'
import { evcctl, eventsOf, type Outcome, startEvcctl } from './kit/evcctl.ts'

const hostNames = ['cp1', 'w1', 'w2']
let cluster: TestCluster

beforeAll(async () => {
  // Docker drops what travels in an internal network with other addresses than its own: all packets of pods by host-gw.
  cluster = await startCluster({ hosts: '1+2', internal: false })
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

interface Checked {
  readonly ok: boolean
  readonly pairs: readonly {
    readonly from: string
    readonly to: string
    readonly state: string
    hostsReach?: boolean
  }[]
  readonly services: readonly { readonly from: string; readonly state: string; readonly said: string }[]
  readonly advice: readonly string[]
}

const run = (...args: string[]): Promise<Outcome> => evcctl(args, cluster.env)

async function check(): Promise<{ readonly exitCode: number | null; readonly found: Checked }> {
  const { exitCode, stdout, stderr } = await run('network', 'check', cluster.file, '--output', 'json')
  expect(stderr).toBe('')
  return { exitCode, found: JSON.parse(stdout) as Checked }
}

/** Hosts on which a network check wrote its note in a run. */
function checkedIn(outcome: Outcome): string[] {
  return eventsOf(outcome)
    .flatMap(event => (event.type === 'task:end' && event.title === 'network check' ? [event] : []))
    .filter(event => event.result === 'changed')
    .map(event => event.host)
    .sort()
}

/** What failed in a run, and why. */
function failuresOf(outcome: Outcome): string[] {
  return eventsOf(outcome).flatMap(event =>
    event.type === 'task:end' && event.result === 'failed' ? [`${event.host} ${JSON.stringify(event.error)}`] : [],
  )
}

/** Objects of checks that are in the cluster. */
async function leftOvers(): Promise<string> {
  const kinds = 'jobs,configmaps,pods'
  return (
    await cluster.kubectl('-n', 'kube-system', 'get', kinds, '-l', 'evcctl.dev/network-check', '-o', 'name')
  ).trim()
}

async function nothingIsLeft(): Promise<void> {
  const deadline = Date.now() + 60_000
  while ((await leftOvers()) !== '' && Date.now() < deadline) await sleep(1000)
  expect(await leftOvers()).toBe('')
}

describe.sequential('the network of a real cluster', () => {
  test('apply proves it on every node, once, and leaves nothing of the check behind', async () => {
    const applied = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(applied.stderr).toBe('')
    expect([applied.exitCode, failuresOf(applied)]).toEqual([0, []])
    expect(checkedIn(applied)).toEqual(hostNames)
    await nothingIsLeft()
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.stdout).toContain('No changes.')
    expect(plan.exitCode).toBe(0)
  })

  test('the command asks every pair both ways', async () => {
    const { exitCode, found } = await check()
    expect(found.services.map(({ from, state }) => [from, state])).toEqual(hostNames.map(name => [name, 'reached']))
    expect(found.pairs.filter(({ state }) => state !== 'reached')).toEqual([])
    expect(found.pairs.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(
      ['cp1 w1', 'cp1 w2', 'w1 cp1', 'w1 w2', 'w2 cp1', 'w2 w1'].sort(),
    )
    expect(exitCode).toBe(0)
    await nothingIsLeft()
    const text = await run('network', 'check', cluster.file)
    expect(text.stdout).toContain('pods reach each other, DNS and Services (6 directions between 3 nodes')
  })

  test('where VXLAN is blocked between two nodes, exactly that pair is named', async () => {
    await using _ = await dropPackets(cluster.hosts, 'w1', {
      peer: cluster.hosts.host('w2').address,
      protocol: 'udp',
      port: 8472,
    })
    const { exitCode, found } = await check()
    const broken = found.pairs.filter(({ state }) => state !== 'reached')
    expect(broken.map(({ from, to, state, hostsReach }) => [from, to, state, hostsReach])).toEqual([
      ['w1', 'w2', 'silent', true],
      ['w2', 'w1', 'silent', true],
    ])
    expect(found.advice.join('\n')).toContain('UDP port 8472')
    expect(exitCode).toBe(exitCodes.failed)
    // An apply that has to prove it fails as well, and has nothing noted: the next one asks again.
    await cluster.hosts.exec('w2', 'rm /var/lib/evcctl/network-check')
    const applied = await run('apply', cluster.file, '--yes')
    expect(applied.exitCode).toBe(exitCodes.failed)
    expect(applied.stdout).toContain('Pods on w2 do not reach pods on w1.')
    expect((await run('plan', cluster.file, '--exit-code')).exitCode).toBe(exitCodes.changes)
    await nothingIsLeft()
  })

  test('when it is fixed, apply proves what is missing and nothing else', async () => {
    const applied = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([applied.exitCode, failuresOf(applied)]).toEqual([0, []])
    expect(checkedIn(applied)).toEqual(['w2'])
  })

  test('a check that is killed is cleaned up by Kubernetes', async () => {
    await nothingIsLeft()
    const running = startEvcctl(['network', 'check', cluster.file], cluster.env)
    const deadline = Date.now() + 60_000
    while (!(await leftOvers()).includes('pod/') && Date.now() < deadline) await sleep(200)
    running.child.kill('SIGKILL')
    await running.ended
    const job = (await leftOvers()).split('\n').find(name => name.startsWith('job'))
    expect(job).toBeDefined()
    // What Kubernetes does after ten minutes, a second after.
    const patch = '{"spec":{"ttlSecondsAfterFinished":1}}'
    await cluster.kubectl('-n', 'kube-system', 'patch', job!, '--type=merge', '-p', patch)
    await nothingIsLeft()
  })

  test('host-gw takes the place of VXLAN, and is proved', async () => {
    await editClusterFile(cluster.file, document =>
      document.setIn(['spec', 'network', 'flannel', 'backend'], 'host-gw'),
    )
    const applied = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([applied.exitCode, failuresOf(applied)]).toEqual([0, []])
    expect(checkedIn(applied)).toEqual(hostNames)
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.stdout).toContain('No changes.')
    // Proof that packets do travel in another way: nothing of VXLAN is let through any more.
    await using _ = await dropPackets(cluster.hosts, 'w1', { protocol: 'udp', port: 8472 })
    const { exitCode, found } = await check()
    expect(found.pairs.filter(({ state }) => state !== 'reached')).toEqual([])
    expect(exitCode).toBe(0)
  })
})
