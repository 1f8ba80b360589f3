import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { factsText } from '../facts/text.ts'
import { answering } from '../ssh/answering.ts'
import { startServer } from '../ssh/server.ts'
import { runCli, temporaryFolder } from './run-cli.ts'

const manifest = {
  format: 1,
  cluster: 'lab',
  host: 'cp1',
  time: '20261129T083000Z',
  kubernetes: '1.34.0',
  etcd: '3.6.8',
  revision: 42,
  keys: 7,
  size: 43,
  sha256: 'b'.repeat(64),
}
const attempt = '0123456789abcdef'

/** Plans a restore where cp1 answers and cp2 is off. `record`: what cp1 has on record of a restore of the same archive. */
async function planned(args: readonly string[], record: (sha256: string) => readonly string[]) {
  await using folder = await temporaryFolder()
  writeFileSync(join(folder.path, 'manifest.json'), JSON.stringify(manifest))
  execFileSync('tar', ['-C', folder.path, '-czf', join(folder.path, 'a.tar.gz'), 'manifest.json'])
  const sha256 = createHash('sha256')
    .update(readFileSync(join(folder.path, 'a.tar.gz')))
    .digest('hex')
  const facts = factsText({
    name: 'cp1',
    address: '192.0.2.11',
    kubernetes: ['kubelet.conf', 'admin.conf', 'control-plane'],
    clock: Date.now() / 1000,
  })
  const known = {
    '/var/lib/evcctl/etcd-restore/state': record(sha256)
      .map(line => `${line}\n`)
      .join(''),
  }
  await using server = await startServer({ answer: answering(facts, 'says nothing is there', known) })
  const login = `user: root, agent: false, identityFile: ${server.identityFile}, knownHosts: {file: ${server.knownHostsFile}, policy: accept-new}`
  const host = (name: string, end: number, port: number) =>
    `    - {name: ${name}, address: 127.0.0.1, privateAddress: 192.0.2.${end}, roles: [control-plane], ssh: {port: ${port}, ${login}}}\n`
  const file = `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: {name: lab}
spec:
  etcd: {allowEvenMembers: true}
  hosts:
${host('cp1', 11, server.port)}${host('cp2', 12, 1)}`
  const [pipe, temporary] = [join(folder.path, 'cluster.yaml'), join(folder.path, 'tmp')]
  execFileSync('mkfifo', [pipe])
  execFileSync('mkdir', [temporary])
  // A pipe has the file once.
  const writer = spawn('sh', ['-c', 'printf %s "$1" >"$0"', pipe, file])
  try {
    const words = ['etcd', 'restore', pipe, '--from', 'a.tar.gz', '--dry-run', '--output', 'json', ...args]
    const outcome = await runCli(words, { cwd: folder.path, env: { TMPDIR: temporary } })
    const events = outcome.stdout
      .trim()
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line))
    const plan = events.findLast(({ type }) => type === 'plan')
    const titles: readonly string[] = (plan?.changes ?? []).map(({ title }: { title: string }) => title)
    const left = readdirSync(temporary).filter(name => name.startsWith('evcctl-restore-'))
    return { ...outcome, plan, titles, left }
  } finally {
    writer.kill()
  }
}

test('a restore without a host that is gone ends well, of a file that can be read once', {
  timeout: 60_000,
}, async () => {
  const outcome = await planned(['--lost', 'cp2'], () => [])
  expect([outcome.stderr, outcome.exitCode]).toEqual(['', 0])
  expect([outcome.plan.hosts, outcome.plan.unreachable]).toEqual([['cp1'], []])
  expect(outcome.titles).toContain('restore the data of etcd')
  expect(outcome.left).toEqual([])
})

test('a restore that was begun with more members is done again with those that are left', {
  timeout: 60_000,
}, async () => {
  const { titles } = await planned(['--lost', 'cp2'], sha256 => [
    `attempt=${attempt}`,
    `archive=${sha256}`,
    `members=${'0'.repeat(32)}`,
    'done=begin',
    'done=check',
    'done=data',
  ])
  expect(titles).toEqual(expect.arrayContaining(['begin the restore of etcd', 'restore the data of etcd']))
})
