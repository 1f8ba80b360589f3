import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { installTimer, uninstallTimer } from '../../src/cli/actions/check-timer.ts'
import { timerPlace } from '../../src/cli/check-timer/systemctl.ts'
import { callCli, oneHostFile, temporaryFolder } from './run-cli.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let printed: string
const path = (name: string) => join(folder.path, name)
const service = 'evcctl-check@lab.service'
const timer = 'evcctl-check@lab.timer'

// A systemctl that keeps what it is asked for, and knows of a timer whether it was enabled.
const systemctl = `#!/bin/sh
echo "$*" >>"$0.calls"
case "$*" in
*daemon-reload) [ ! -e "$0.broken" ] || { echo 'Failed to connect to bus' >&2; exit 1; } ;;
*enable*timer) case "$*" in *disable*) rm -f "$0.on" ;; *) : >"$0.on" ;; esac ;;
*show*) [ ! -e "$0.on" ] || printf 'UnitFileState=enabled\\nActiveState=active\\n'; echo NeedDaemonReload=no ;;
esac
`

beforeEach(async () => {
  folder = await temporaryFolder()
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed += String(text)
    return true
  })
  vi.stubEnv('PATH', `${path('bin')}:${process.env.PATH}`)
  await mkdir(path('bin'))
  await writeFile(path('bin/systemctl'), systemctl)
  await chmod(path('bin/systemctl'), 0o755)
  await writeFile(path('lab.yaml'), oneHostFile(22, 'user: root'))
})

afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await folder[Symbol.asyncDispose]()
})

const options = (more: object = {}) => ({
  file: path('lab.yaml'),
  output: 'text' as const,
  yes: true,
  everyMinutes: 60,
  place: { system: true, folder: path('units') },
  ...more,
})
const calls = async () => (await readFile(path('bin/systemctl.calls'), 'utf8').catch(() => '')).trimEnd().split('\n')
const units = () => readdir(path('units')).catch(() => [])

test('writes the units of a cluster, shows them before, and starts the timer', async () => {
  expect(await installTimer(options({ metrics: path('lab.prom') }))).toBe(0)
  expect(await units()).toEqual([service, timer])
  const text = await readFile(path(`units/${service}`), 'utf8')
  expect(text).toContain(` "check" "${path('lab.yaml')}" "--output" "prometheus" "--file" "${path('lab.prom')}"\n`)
  expect(text).toContain('SuccessExitStatus=2\n')
  expect(await readFile(path(`units/${timer}`), 'utf8')).toContain('OnUnitActiveSec=3600s\n')
  expect((await stat(path(`units/${service}`))).mode & 0o777).toBe(0o644)
  expect(printed).toContain(`${path('units')}/${service}\n`)
  expect(printed).toContain('  ExecStart=')
  expect((await calls()).slice(1)).toEqual(['daemon-reload', `enable ${timer}`, `restart ${timer}`])
})

test('a second time nothing is written, and another interval is', async () => {
  await installTimer(options())
  const before = await stat(path(`units/${timer}`))
  await writeFile(path('bin/systemctl.calls'), '')
  printed = ''
  await installTimer(options())
  expect(printed).toContain('is installed already')
  expect((await calls()).filter(call => !call.startsWith('show'))).toEqual([])
  expect((await stat(path(`units/${timer}`))).ino).toBe(before.ino)
  await installTimer(options({ everyMinutes: 10 }))
  expect(await readFile(path(`units/${timer}`), 'utf8')).toContain('OnUnitActiveSec=600s\n')
  expect(await calls()).toContain(`restart ${timer}`)
})

test('a run that was cut off after the units were written is finished by the next one', async () => {
  await writeFile(path('bin/systemctl.broken'), '')
  await expect(installTimer(options())).rejects.toMatchObject({
    details: { where: 'systemctl daemon-reload', actual: 'Failed to connect to bus' },
  })
  expect(await units()).toEqual([service, timer])
  await rm(path('bin/systemctl.broken'))
  await installTimer(options())
  expect((await calls()).slice(-3)).toEqual(['daemon-reload', `enable ${timer}`, `restart ${timer}`])
})

test('is taken away as a whole, and a second time there is nothing to take away', async () => {
  await installTimer(options())
  expect(await uninstallTimer(options())).toBe(0)
  expect(await units()).toEqual([])
  expect((await calls()).slice(-2)).toEqual([`disable --now ${timer}`, 'daemon-reload'])
  printed = ''
  await uninstallTimer(options())
  expect(printed).toContain(`There is no ${timer}`)
})

test('a user has units of a manager of their own', async () => {
  expect(timerPlace(false, { XDG_CONFIG_HOME: '/home/ada/.cfg' })).toEqual({
    system: false,
    folder: '/home/ada/.cfg/systemd/user',
  })
  expect(timerPlace(true, {})).toEqual({ system: true, folder: '/etc/systemd/system' })
  await installTimer(options({ place: { system: false, folder: path('units') } }))
  expect(await calls()).toContain('--user daemon-reload')
  expect(await readFile(path(`units/${service}`), 'utf8')).not.toContain('network-online')
  expect(printed).toContain('loginctl enable-linger')
})

test('a file of somebody else in the place of a unit is left alone', async () => {
  await mkdir(path('units'))
  await writeFile(path(`units/${timer}`), '[Timer]\n')
  for (const work of [installTimer, uninstallTimer])
    await expect(work(options())).rejects.toMatchObject({ exitCode: 3, details: { where: path(`units/${timer}`) } })
  expect(await units()).toEqual([timer])
})

test.each([
  ['a prompt', '{prompt: true}', 'prompt: true'],
  ['a variable of the environment', '{fromEnv: SUDO}', 'fromEnv: SUDO'],
])('a secret from %s is refused, since a timer cannot have it', async (_, source, actual) => {
  await writeFile(path('lab.yaml'), oneHostFile(22, `user: ada, sudoPassword: ${source}`))
  await expect(installTimer(options())).rejects.toMatchObject({
    exitCode: 3,
    details: { where: expect.stringContaining('sudoPassword'), actual },
  })
  expect(await units()).toEqual([])
})

test('nobody to ask is an error before anything is written', async () => {
  await expect(installTimer(options({ yes: false }))).rejects.toMatchObject({
    exitCode: 3,
    details: { where: '--yes' },
  })
  expect(await units()).toEqual([])
  printed = ''
  await installTimer(options({ output: 'json' }))
  expect(JSON.parse(printed)).toMatchObject({ type: 'check:timer', did: 'installed', units: [service, timer] })
})

test('a machine without systemd is told what to do instead', async () => {
  vi.stubEnv('PATH', path('nothing'))
  await expect(installTimer(options())).rejects.toMatchObject({
    details: { problem: expect.stringContaining('no systemd'), next: expect.stringContaining('cron') },
  })
  expect(await units()).toEqual([])
})

test('only one of the two flags is possible, and no other interval than a few minutes to a week', async () => {
  vi.restoreAllMocks()
  const both = await callCli(['check', 'lab.yaml', '--install-timer', '--uninstall-timer'], folder.path)
  expect(both).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('--uninstall-timer') })
  const often = await callCli(['check', 'lab.yaml', '--install-timer', '--every', '1'], folder.path)
  expect(often.exitCode).toBe(3)
})
