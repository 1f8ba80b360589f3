import { afterAll, beforeAll, expect, test } from 'vitest'
import { timerUnits, unitNames } from '../../src/cli/check-timer/units.ts'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { startHosts } from './kit/start-hosts.ts'

let hosts: LocalHosts

beforeAll(async () => {
  hosts = await startHosts({ hosts: [{ name: 'w1', roles: ['worker'] }] })
})
afterAll(() => hosts?.[Symbol.asyncDispose]())

async function run(command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await hosts.exec('w1', command)
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}${stdout}`)
  return stdout.trim()
}

// The real systemd, with a program in the place of evcctl that writes down what it was called with and finds a difference.
test('a real systemd takes the units, and calls evcctl with its arguments as they are', async () => {
  const odd = `/root/the lab's $HOME 100% "it" \\n.yaml`
  const job = {
    cluster: 'lab',
    file: odd,
    node: '/bin/sh',
    script: '/root/evcctl',
    metrics: '/run/lab.prom',
    everySeconds: 3600,
    system: true,
  }
  await run(`printf '%s\\n' 'printf "%s|" "$@" >/run/called' 'exit 2' >/root/evcctl`)
  const units = timerUnits(job)
  for (const [name, text] of units) {
    const encoded = Buffer.from(text).toString('base64')
    await run(`echo ${encoded} | base64 -d >/etc/systemd/system/${name}`)
  }
  const paths = [...units.keys()].map(name => `/etc/systemd/system/${name}`).join(' ')
  expect(await run(`systemd-analyze verify ${paths} 2>&1`)).toBe('')
  const { service, timer } = unitNames('lab')
  await run(`systemctl daemon-reload; systemctl enable --now ${timer}`)
  expect(await run(`systemctl show -p ActiveState,UnitFileState ${timer}`)).toBe(
    'ActiveState=active\nUnitFileState=enabled',
  )
  // The difference that it found is no failure of the service: the metrics say it.
  await run(`systemctl start ${service}`)
  expect(await run('cat /run/called')).toBe(`check|${odd}|--output|prometheus|--file|/run/lab.prom|`)
})

test('without metrics a difference lets the service fail, so that systemctl --failed has it', async () => {
  const { service } = unitNames('lab')
  await run(`sed -i /SuccessExitStatus/d /etc/systemd/system/${service}; systemctl daemon-reload`)
  expect((await hosts.exec('w1', `systemctl start ${service}`)).exitCode).not.toBe(0)
  expect(await run('systemctl --failed --plain --no-legend')).toContain(service)
})
