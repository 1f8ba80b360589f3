import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SavedPlan } from '../../src/cli/saved-plan/saved-plan.ts'
import { fileSystem, writtenPaths } from '../hosts/kit/file-system.ts'
import { handbook } from '../kit/handbook.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { editClusterFile } from './kit/edit-cluster-file.ts'
import { evcctl, eventsOf, type Outcome, startEvcctl } from './kit/evcctl.ts'

const hostNames = ['cp1', 'w1']
const proxyConfig = '/etc/evcctl/nginx-proxy.conf'
let cluster: TestCluster

const run = (...args: string[]): Promise<Outcome> => evcctl(args, cluster.env)
const file = () => ({ 'cluster.yaml': cluster.file })
const at = (name: string) => join(cluster.folder, name)
const saved = async (name: string) => JSON.parse(await readFile(at(name), 'utf8')) as SavedPlan
const onWorker = async (command: string) => expect((await cluster.hosts.exec('w1', command)).exitCode).toBe(0)

/** What a check found, as causes and tasks. */
async function checked(): Promise<{ exitCode: number | null; found: string[] }> {
  const { exitCode, stdout } = await run(...handbook('drift', 'evcctl check cluster.yaml', file()), '--output', 'json')
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  const found = ['drift', 'asked', 'unrecorded'].flatMap(cause =>
    result[cause].map(({ task }: { task: string }) => `${cause} ${task}`),
  )
  return { exitCode, found: [...found, ...result.errors.map((error: object) => JSON.stringify(error))] }
}

beforeAll(async () => {
  cluster = await startCluster({ hosts: '1+1' })
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

describe.sequential('a saved plan of bare hosts', () => {
  test('is made without a write on any host', async () => {
    const before = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    const names = { ...file(), 'lab.plan': at('lab.plan') }
    const outcome = await run(...handbook('saved-plans', 'evcctl plan cluster.yaml --out lab.plan', names))
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    const after = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    expect(hostNames.map((_, index) => writtenPaths(before[index]!, after[index]!))).toEqual([[], []])
  })

  test('is refused while a host is not as it was planned, and is good again once it is', async () => {
    await onWorker('echo net.ipv4.ip_forward=0 >/etc/sysctl.d/99-zz-evcctl.conf')
    const { exitCode, stderr } = await run('apply', at('lab.plan'), '--yes')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^w1 .*: This is not as it was when the plan was made\./m)
    await onWorker('rm /etc/sysctl.d/99-zz-evcctl.conf')
  })

  test('makes the cluster, and only once: a second apply of it is refused, and writes nothing', async () => {
    const names = { 'lab.plan': at('lab.plan') }
    const first = await run(...handbook('saved-plans', 'evcctl apply lab.plan --yes', names))
    expect([first.exitCode, first.stderr]).toEqual([0, ''])
    expect(await cluster.kubectl('get', 'nodes', '--no-headers')).toMatch(/^cp1 +Ready .*\nw1 +Ready /)
    const generation = async () => (await cluster.hosts.exec('cp1', 'cat /var/lib/evcctl/generation')).stdout
    const before = await generation()
    const second = await run('apply', at('lab.plan'), '--yes')
    expect(second.exitCode).toBe(1)
    expect(second.stderr).toContain('out of date. Nothing was written.')
    expect(second.stderr).toMatch(/expected +create[\s\S]*actual +in desired state/)
    // Not even the lock was taken.
    expect(await generation()).toBe(before)
  })
})

describe.sequential('on a cluster that runs', () => {
  test('nothing has drifted, and all of it is on record', async () => {
    expect(await checked()).toEqual({ exitCode: 0, found: [] })
    const records = await Promise.all(
      hostNames.map(name =>
        cluster.hosts.exec(name, 'stat -c %a /var/lib/evcctl/applied; wc -l </var/lib/evcctl/applied'),
      ),
    )
    expect(records.map(({ stdout }) => stdout)).toEqual(['600\n1\n', '600\n1\n'])
  })

  test('two plans a while apart have the same digests of everything that was read', async () => {
    await run('plan', cluster.file, '--out', at('one.plan'))
    // Leases are renewed and pods are looked at meanwhile.
    await sleep(60_000)
    await run('plan', cluster.file, '--out', at('other.plan'))
    const [one, other] = [await saved('one.plan'), await saved('other.plan')]
    expect(Object.keys(one.tasks).length).toBeGreaterThan(80)
    expect(other.tasks).toEqual(one.tasks)
    const outcome = await run('apply', at('one.plan'), '--yes')
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    expect(outcome.stdout).toContain('No changes.')
  })

  test('an edit by hand is drift, and a label in the file is asked for', async () => {
    await onWorker(`echo '# mine' >>${proxyConfig}`)
    await editClusterFile(cluster.file, document =>
      document.setIn(['spec', 'hosts', 1, 'labels'], { 'evc.example/a': 'b' }),
    )
    const { exitCode, found } = await checked()
    expect(exitCode).toBe(2)
    expect(found).toContain(`drift w1/file:${proxyConfig}`)
    const drift = found.filter(line => line.startsWith('drift'))
    expect(drift.every(line => line.startsWith('drift w1/'))).toBe(true)
    expect(found.filter(line => line.startsWith('asked')).length).toBeGreaterThan(0)
    expect(found.some(line => line.startsWith('asked') && line.includes('label'))).toBe(true)
    expect(found.filter(line => line.startsWith('unrecorded'))).toEqual([])
  })

  test('a plan of it is refused after another edit, with both states', async () => {
    await run('plan', cluster.file, '--out', at('edited.plan'))
    await onWorker(`echo '# mine, too' >>${proxyConfig}`)
    const { exitCode, stderr } = await run('apply', at('edited.plan'), '--yes')
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`w1 ${proxyConfig}: This is not as it was when the plan was made.`)
  })

  test('an apply brings all of it back, and nothing has drifted', async () => {
    const outcome = await run('apply', cluster.file, '--yes')
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    expect(await checked()).toEqual({ exitCode: 0, found: [] })
  })

  test('a run that is killed leaves what was verified on record, and what it proved in its journal', async () => {
    await editClusterFile(cluster.file, document =>
      document.setIn(['spec', 'kubernetes', 'kubeletConfiguration', 'maxPods'], 99),
    )
    const killed = startEvcctl(['apply', cluster.file, '--yes', '--output', 'json'], cluster.env)
    await killed.event(event => event.type === 'task:end' && event.result === 'changed')
    killed.child.kill('SIGKILL')
    await killed.ended
    const found = await checked()
    expect(found.exitCode).toBe(2)
    expect(found.found.filter(line => !line.startsWith('asked'))).toEqual([])
    const words = handbook('saved-plans', 'evcctl apply cluster.yaml --resume --yes', file())
    const resumed = await run(...words, '--output', 'json')
    expect([resumed.exitCode, resumed.stderr]).toEqual([0, ''])
    const told: Record<string, unknown> = eventsOf(resumed).find(event => (event.type as string) === 'resume')!
    expect(told).toMatchObject({ ended: 'killed', differAgain: [], fileChanged: false })
    expect((told.proven as string[]).length).toBeGreaterThan(0)
    expect((told.notBegun as string[]).length).toBeGreaterThan(0)
    expect(told.left).toBeGreaterThan(0)
    const again = await run('apply', cluster.file, '--resume', '--yes')
    expect(again.stdout).toContain('No apply of this machine was cut off')
    expect(await checked()).toEqual({ exitCode: 0, found: [] })
  })
})
