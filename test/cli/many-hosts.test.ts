import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { pingText } from '../../src/cli/actions/ping.ts'
import { setupText } from '../../src/cli/actions/ssh-setup-text.ts'
import { showOutcomes } from '../../src/cli/terminal/exec-output.ts'
import type { ClusterSpec } from '../../src/config/index.ts'
import { createPaint } from '../../src/report/index.ts'
import type { HostCheck, SetupOutcome } from '../../src/ssh/index.ts'
import { runCli, temporaryFolder } from './run-cli.ts'

const paint = createPaint(false)
const names = Array.from({ length: 1000 }, (_, index) => `w${index + 1}`)
const refused = (host: string) => {
  const address = `192.0.2.${host.slice(1)}`
  return { where: `${host} (${address}:22)`, problem: 'connection refused', next: `nc -vz ${address} 22` }
}
const odd = { where: 'x1 (192.0.2.8:22)', problem: 'no route to host' }
const once = 'w1 (192.0.2.1:22), w2 (192.0.2.2:22), w3 (192.0.2.3:22) and 997 more: connection refused'

afterEach(() => void vi.restoreAllMocks())

function expectOnce(text: string): void {
  expect(text).toContain(`${once}\n  for w1: nc -vz 192.0.2.1 22\n`)
  expect(text.split('connection refused')).toHaveLength(2)
  expect(text).toContain('x1 (192.0.2.8:22): no route to host')
}

test('ping tells what is wrong in the same way with a thousand hosts once', () => {
  const check = (host: string, error: object): HostCheck =>
    ({ host, ok: false, steps: [{ name: 'connection', result: 'failed', error }] }) as unknown as HostCheck
  const pinged = [...names.map(name => check(name, refused(name))), check('x1', odd)]
  const spec = { file: 'cluster.yaml', preflight: { maxClockDeviation: 1000 } } as ClusterSpec
  expectOnce(
    pingText(
      pinged.map(one => ({ check: one, facts: undefined })),
      { spec, paint },
    ),
  )
})

test('ssh setup does so, too', () => {
  const machine = (name: string, error: object) => ({
    name,
    jumpHost: false,
    progress: { hostKey: 'failed', key: 'not tried', login: 'not tried', root: 'not tried', error },
  })
  const machines = [...names.map(name => machine(name, refused(name))), machine('x1', odd)]
  const outcome = { machines, identities: [] } as unknown as SetupOutcome
  expectOnce(setupText(outcome, { file: 'cluster.yaml', dryRun: false, paint }))
})

test('errors as hosts really give them are told once by ping and plan', async () => {
  await using folder = await temporaryFolder()
  const host = (n: number) =>
    `    - {name: n${n}, address: 127.1.0.${n}, privateAddress: 192.0.2.${n}, roles: [${n === 1 ? 'control-plane' : 'worker'}], ssh: {port: 1}}`
  const hosts = Array.from({ length: 20 }, (_, index) => host(index + 1)).join('\n')
  // Nothing listens on port 1 of a loopback address.
  writeFileSync(
    join(folder.path, 'cluster.yaml'),
    `apiVersion: evcctl.dev/v1alpha1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n  ssh: {user: root, agent: false}\n  hosts:\n${hosts}\n`,
  )
  for (const command of ['ping', 'plan']) {
    const { stdout, stderr, exitCode } = await runCli([command], { cwd: folder.path })
    expect(exitCode).toBe(4)
    const text = stdout + stderr
    expect(text).toContain('n3 (127.1.0.3:1) and 17 more: nothing listens on port 1')
    expect(text.match(/nothing listens/g)).toHaveLength(1)
  }
})

test('so does exec, after its table', () => {
  let shown = ''
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    shown += String(text)
    return true
  })
  const outcomes = [...names.map(host => ({ host, error: refused(host), ms: 1 })), { host: 'x1', error: odd, ms: 1 }]
  showOutcomes(outcomes, outcomes.length)
  expectOnce(shown)
})
