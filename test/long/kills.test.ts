import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formerVersion } from '../kit/former-version.ts'
import { shortenCertificates } from '../kubernetes/kit/certificate-steps.ts'
import { startCluster, type TestCluster, upgradeFile } from '../kubernetes/kit/cluster.ts'
import { etcdMembers, isHealthy, kubectlOn, waitUntil } from '../kubernetes/kit/control-plane.ts'
import { editClusterFile, setAbsent } from '../kubernetes/kit/edit-cluster-file.ts'
import { evcctl, failuresOf, type Outcome, startEvcctl } from '../kubernetes/kit/evcctl.ts'

/** How often evcctl is killed in all. */
const wanted = Number(process.env.EVCCTL_TEST_KILLS ?? 50)
const seed = Number(process.env.EVCCTL_TEST_SEED ?? Date.now() % 2 ** 31)
/** The longest that a run lives before it is killed, ms. */
const longestMs = 25_000

let cluster: TestCluster
let killed = 0
const run = (...args: string[]): Promise<Outcome> => evcctl(args, cluster.env)

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
let state = seed
function random(): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

/** Starts a command again and again, and kills it, until it ends by itself or was killed `times` times. */
async function killIn(what: string, times: number, ...args: string[]): Promise<void> {
  for (let left = Math.min(times, wanted - killed); left > 0; left--) {
    const running = startEvcctl([...args, '--yes', '--output', 'json'], cluster.env)
    const ms = Math.round(500 + random() * longestMs)
    const ended = await Promise.race([running.ended, sleep(ms).then(() => undefined)])
    if (ended !== undefined) {
      // A run that is refused has no task that failed: its plan says why.
      const said = ended.exitCode === 0 ? '' : `${ended.stdout.slice(-3000)}${ended.stderr}`
      expect([what, ended.exitCode, failuresOf(ended), said]).toEqual([what, 0, [], ''])
      return
    }
    running.child.kill('SIGKILL')
    await running.ended
    killed++
    console.log(`kill ${killed}: ${what}, after ${ms} ms`)
  }
}

/** Brings a command to its end, and proves that nothing is left of the runs that were killed. */
async function expectConverges(what: string, names: readonly string[], ...args: string[]): Promise<void> {
  const outcome = await run(...args, '--yes', '--output', 'json')
  expect([what, outcome.exitCode, failuresOf(outcome)]).toEqual([what, 0, []])
  const plan = await run('plan', cluster.file, '--exit-code')
  expect([what, plan.exitCode, plan.stdout]).toEqual([what, 0, expect.stringContaining('No changes.')])
  const nodes = await kubectlOn(
    cluster,
    'cp1',
    ...['get', 'nodes', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.spec.unschedulable}{"\\n"}{end}'],
  )
  expect(
    nodes
      .trim()
      .split('\n')
      .map(line => line.trim()),
  ).toEqual(names)
  const servers = names.filter(name => name.startsWith('cp'))
  expect(await etcdMembers(cluster, 'cp1')).toEqual(servers.map(name => [name, true]))
  await waitUntil(`${what}: healthy`, () => isHealthy(cluster, 0, names))
  console.log(`${what}: converged`)
}

beforeAll(async () => {
  console.log(`EVCCTL_TEST_SEED=${seed} EVCCTL_TEST_KILLS=${wanted}`)
  cluster = await startCluster({ hosts: '2+1', kubernetes: formerVersion })
  await editClusterFile(cluster.file, document => document.setIn(['spec', 'etcd', 'allowEvenMembers'], true))
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

test(`evcctl is killed ${wanted} times, and the next run converges each time`, { timeout: 10_800_000 }, async () => {
  const all = ['cp1', 'cp2', 'w1']
  const applying = ['apply', cluster.file]
  await killIn('create', Math.ceil(wanted / 5), ...applying)
  await expectConverges('create', all, ...applying)
  await upgradeFile(cluster)
  await killIn('upgrade', Math.ceil(wanted / 3), ...applying)
  await expectConverges('upgrade', all, ...applying)
  const renewing = ['certs', 'renew', cluster.file]
  while (killed < wanted) {
    for (const name of ['w1', 'cp2']) {
      await setAbsent(cluster.file, name, true)
      await killIn(`remove ${name}`, 3, ...applying)
      await expectConverges(
        `remove ${name}`,
        all.filter(one => one !== name),
        ...applying,
      )
      await setAbsent(cluster.file, name, false)
      await killIn(`take ${name} back`, 3, ...applying)
      await expectConverges(`take ${name} back`, all, ...applying)
    }
    await shortenCertificates(cluster, ['cp1', 'cp2'])
    await killIn('renew', 3, ...renewing)
    await expectConverges('renew', all, ...renewing)
    const taken = await run('etcd', 'snapshot', cluster.file, '--host', 'cp1', '--output', 'json')
    const { path } = JSON.parse(taken.stdout.trim().split('\n').at(-1)!) as { readonly path: string }
    const restore = ['etcd', 'restore', cluster.file, '--from', `cp1:${path}`]
    await killIn('restore', 3, ...restore)
    await expectConverges('restore', all, ...restore)
  }
})
