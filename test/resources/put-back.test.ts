import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { gone } from '../../src/core/gone.ts'
import type { Resource, Step } from '../../src/core/index.ts'
import { foldersBefore } from '../../src/resources/files/folders-before.ts'
import { recordBefore } from '../../src/resources/support/index.ts'
import { hostCleared } from '../../src/resources/system/host-cleared.ts'
import { hostname } from '../../src/resources/system/hostname.ts'
import { swapOff } from '../../src/resources/system/swap.ts'
import { sysctls } from '../../src/resources/system/sysctls.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'

type Gone<C> = Resource<C, Record<never, never>>

/** What a plan says of a resource whose probe prints these lines. */
function fieldsOf<C>(resource: Gone<C>, ...lines: readonly string[]) {
  return resource.diff(stateOf(resource, ...lines), {}, { watched: [] })?.fields
}

/** The first step that takes it back. */
function stepOf<C>(resource: Gone<C>, ...lines: readonly string[]): string {
  return scriptOf(resource.converge(stateOf(resource, ...lines), {})[0])
}

const inputOf = (step: Step | undefined) => (step !== undefined && 'run' in step ? step.stdin : undefined)
const scriptOf = (step: Step | undefined) => (step !== undefined && 'run' in step ? step.run : '')

describe('what a host had before', () => {
  test('is recorded once: what evcctl has set since does not take its place', async () => {
    const sandbox = new Sandbox()
    for (const text of ['first\n', 'second\n']) {
      expect(await sandbox.sh(`set -eu\n${recordBefore('x')}`, text)).toMatchObject({ exitCode: 0 })
    }
    expect(readFileSync(`${sandbox.root}/var/lib/evcctl/before/x`, 'utf8')).toBe('first\n')
  })

  test('is a kernel setting: it gets its former value, unless somebody has set another one since', () => {
    const resource = gone(sysctls({ values: { 'net.ipv4.ip_forward': '1', 'vm.overcommit_memory': '1' } }))
    const kept = ['kept=net.ipv4.ip_forward = 1', 'kept=vm.overcommit_memory = 1']
    const recorded = ['before=net.ipv4.ip_forward=0', 'before=vm.overcommit_memory=0']
    const live = (forward: string, memory: string) => [
      `/proc/sys/net/ipv4/ip_forward:${forward}`,
      `/proc/sys/vm/overcommit_memory:${memory}`,
    ]
    const state = [...live('1', '2'), ...kept, ...recorded]
    expect(fieldsOf(resource, ...state)).toEqual([
      { field: 'net.ipv4.ip_forward', before: '1 at boot', after: 'not set' },
      { field: 'vm.overcommit_memory', before: '1 at boot', after: 'not set' },
      { field: 'net.ipv4.ip_forward', before: '1', after: '0' },
    ])
    expect(stepOf(resource, ...state)).toMatch(/'0' >'\/proc\/sys\/net\/ipv4\/ip_forward'[\s\S]*rm -f/)
    expect(stepOf(resource, ...state)).not.toContain('overcommit')
    expect(fieldsOf(resource, ...live('0', '2'), ...recorded)).toBeUndefined()
  })

  test('is not taken from a host that an earlier evcctl has set up: its values are evcctl’s', () => {
    const resource = sysctls({ values: { 'net.ipv4.ip_forward': '1' } })
    const fresh = stateOf(resource, '/proc/sys/net/ipv4/ip_forward:0')
    expect(inputOf(resource.converge(fresh, fresh as never)[0])).toBe('net.ipv4.ip_forward=0\n')
    const old = stateOf(resource, '/proc/sys/net/ipv4/ip_forward:0', 'kept=net.ipv4.ip_forward = 1')
    expect(resource.converge(old, old as never).map(inputOf)).not.toContain('net.ipv4.ip_forward=0\n')
  })

  test('is the name of the host, now and at boot', () => {
    const resource = gone(hostname({ name: 'w1' }))
    const state = ['now=w1', 'boot=w1', 'before=pi', 'before=raspberrypi']
    expect(fieldsOf(resource, ...state)).toEqual([
      { field: 'now', before: 'w1', after: 'pi' },
      { field: 'at boot', before: 'w1', after: 'raspberrypi' },
    ])
    expect(stepOf(resource, ...state)).toMatch(/set-hostname 'pi'[\s\S]*'raspberrypi' >\/etc\/hostname/)
    for (const lines of [
      ['now=w1', 'boot=w1'],
      ['now=x', 'boot=x', 'before=pi', 'before=pi'],
      ['now=pi', 'boot=pi', 'before=pi', 'before=pi'],
    ])
      expect(fieldsOf(resource, ...lines)).toBeUndefined()
  })

  test('is swap: lines of fstab to the byte, swap.target, and services', () => {
    const line = '/swap.img\tnone\tswap\tsw\t0\t0'
    const shown = (name: string, state: string) => `Id=${name}\nNames=${name}\nUnitFileState=${state}\n`
    const on = swapOff()
    const before = stateOf(
      on,
      'active=/swap.img file 2097148 0 -2',
      `fstab=${line}`,
      shown('zramswap.service', 'enabled'),
      shown('swap.target', 'static'),
    )
    const record = String(inputOf(on.converge(before, {})[0]))
    expect(record).toBe(`active /swap.img\nfstab ${line}\nservice zramswap.service\n`)
    const recorded = record
      .trimEnd()
      .split('\n')
      .map(text => `before=${text}`)
    const resource = gone(on)
    const off = [`commented=${line}`, shown('zramswap.service', 'disabled'), shown('swap.target', 'masked')]
    expect(fieldsOf(resource, ...off, ...recorded)).toEqual([
      { field: '/etc/fstab', before: `# ${line}`, after: line },
      { field: 'swap.target', before: 'masked', after: 'started at boot' },
      { field: 'zramswap.service', before: 'disabled', after: 'enabled' },
      { field: '/swap.img', before: 'off', after: 'swap' },
    ])
    expect(fieldsOf(resource, ...off)).toBeUndefined()
    const again = [`fstab=${line}`, 'active=/swap.img file 1 0 -2', shown('zramswap.service', 'enabled')]
    expect(fieldsOf(resource, ...again, ...recorded)).toBeUndefined()
  })

  test('are folders with something in them; empty ones become empty again, and the others go', async () => {
    const sandbox = new Sandbox()
    const paths = ['had', 'new one', 'empty', 'never'].map(name => `${sandbox.root}/${name}`)
    mkdirSync(`${paths[0]}/in it`, { recursive: true })
    mkdirSync(`${paths[2]}/lost+found`, { recursive: true })
    const resource = foldersBefore({ paths })
    expect(await sandbox.compare(resource)).toMatchObject({ action: 'create', fields: [{ after: paths[0] }] })
    expect(await sandbox.apply(resource)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.compare(resource)).toBeUndefined()
    mkdirSync(`${paths[1]}/in it`, { recursive: true })
    for (const path of paths.slice(0, 3)) writeFileSync(`${path}/file`, 'x')
    const back = gone(resource)
    expect(await sandbox.compare(back)).toEqual({
      action: 'delete',
      fields: [
        { field: paths[1], before: 'there', after: 'nothing' },
        { field: paths[2], before: 'in use', after: 'empty' },
      ],
    })
    expect(await sandbox.apply(back)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.compare(back)).toBeUndefined()
    expect([existsSync(`${paths[0]}/file`), existsSync(paths[1]!)]).toEqual([true, false])
    expect(readdirSync(paths[2]!)).toEqual(['lost+found'])
  })

  test('is not known without a record: then every folder stays', async () => {
    const sandbox = new Sandbox()
    mkdirSync(`${sandbox.root}/a`)
    expect(await sandbox.compare(gone(foldersBefore({ paths: [`${sandbox.root}/a`] })))).toBeUndefined()
  })
})

describe('the records of evcctl', () => {
  const resource = hostCleared()

  test('are none on a host that evcctl has never written to', async () => {
    expect(await new Sandbox().compare(resource)).toBeUndefined()
  })

  test('go, but for those of a lock that is alive: these go when it is freed', async () => {
    const sandbox = new Sandbox()
    const write = (path: string, text = '') => {
      mkdirSync(`${sandbox.root}${path}`.replace(/\/[^/]*$/, ''), { recursive: true })
      writeFileSync(`${sandbox.root}${path}`, text)
    }
    write('/etc/evcctl/kubeadm.yaml')
    for (const name of ['applied', 'generation', 'holder', 'fence', 'fence.lock']) write(`/var/lib/evcctl/${name}`)
    expect((await sandbox.compare(resource))?.fields.map(({ field }) => field)).toEqual(
      ['/etc/evcctl', '/var/lib/evcctl'].map(path => sandbox.inside(path)),
    )
    const [step] = resource.converge(await sandbox.probe(resource), {})
    await sandbox.sh(scriptOf(step).replace('systemctl daemon-reload', ':'))
    expect(existsSync(`${sandbox.root}/var/lib/evcctl`)).toBe(false)
    write('/var/lib/evcctl/generation', '7\n')
    expect(await sandbox.compare(resource)).toMatchObject({ action: 'delete' })
    const now = await sandbox.sh('echo "$(cat /proc/sys/kernel/random/boot_id) $(cut -d. -f1 /proc/uptime)"')
    write('/run/evcctl/lock/heartbeat', now.stdout)
    expect(await sandbox.compare(resource)).toBeUndefined()
    write('/var/lib/evcctl/applied')
    expect(await sandbox.compare(resource)).toMatchObject({ action: 'delete' })
  })
})
