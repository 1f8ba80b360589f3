import { describe, expect, test } from 'vitest'
import { type SysctlsParameters, sysctlPath, sysctls } from '../../src/resources/system/sysctls.ts'
import { compare, sh } from '../kit/local-sh.ts'

const forward = 'net.ipv4.ip_forward'
const range = 'net.ipv4.ip_local_port_range'
const instances = 'fs.inotify.max_user_instances'

function changes(
  parameters: SysctlsParameters,
  live: Readonly<Record<string, string>>,
  kept: Readonly<Record<string, string>> = {},
) {
  const resource = sysctls(parameters)
  return compare(resource, stateOf(resource, live, kept))
}

function stateOf(
  resource: ReturnType<typeof sysctls>,
  live: Readonly<Record<string, string>>,
  kept: Readonly<Record<string, string>>,
) {
  const lines = [
    ...Object.entries(live).map(([key, value]) => `${sysctlPath(key)}:${value}`),
    ...Object.entries(kept).map(([key, value]) => `kept=${key}=${value}`),
  ]
  return resource.probe.parse({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
}

describe('kernel settings', () => {
  test('each has a line of its own in the plan', () => {
    expect(
      changes({ values: { [forward]: '1', [range]: '1024\t65535' } }, { [forward]: '0', [range]: '32768 60999' }),
    ).toEqual({
      action: 'create',
      fields: [
        { field: forward, before: '0', after: '1' },
        { field: range, before: '32768 60999', after: '1024 65535' },
      ],
    })
  })

  test('that are right now and at boot are in desired state, however they are written', () => {
    expect(
      changes({ values: { [range]: '1024 65535' } }, { [range]: '1024 65535 ' }, { [range]: ' 1024\t65535' }),
    ).toBeUndefined()
  })

  test('that are right only until the next boot say so', () => {
    expect(changes({ values: { [forward]: '1' } }, { [forward]: '1' })?.fields).toEqual([
      { field: forward, before: '1', after: '1, also at boot' },
    ])
  })

  test('that were changed by hand are changed back', () => {
    expect(changes({ values: { [forward]: '1' } }, { [forward]: '0' }, { [forward]: '1' })).toEqual({
      action: 'update',
      fields: [{ field: forward, before: '0', after: '1' }],
    })
  })

  test('that are no longer wanted leave the file', () => {
    expect(changes({ values: {} }, {}, { [forward]: '1' })?.fields).toEqual([
      { field: forward, before: '1 at boot', after: 'not set' },
    ])
  })

  test('that the kernel does not have yet are still planned, optional ones are left out', () => {
    expect(
      changes({ values: { 'net.bridge.a': '1', 'kernel.keys.b': '2' }, optional: ['kernel.keys.b'] }, {})?.fields,
    ).toEqual([{ field: 'net.bridge.a', after: '1' }])
  })

  test.each([
    ['a lower value is raised', '128', {}, [{ field: instances, before: '128', after: '8192' }]],
    ['a higher one of somebody else stays', '65536', {}, undefined],
    ['one that this file raised stays in it', '8192', { [instances]: '8192' }, undefined],
    [
      'a hand-lowered one is raised again',
      '128',
      { [instances]: '8192' },
      [{ field: instances, before: '128', after: '8192' }],
    ],
  ] as const)('with a lower bound follow it: %s', (_, live, kept, fields) => {
    expect(changes({ values: {}, atLeast: { [instances]: 8192 } }, { [instances]: live }, kept)?.fields).toEqual(fields)
  })

  test('the file has all of them, and only those that differ are written to the kernel', async () => {
    const resource = sysctls({ values: { [range]: '1024 65535', [forward]: '1' }, atLeast: { [instances]: 8192 } })
    const current = stateOf(resource, { [forward]: '1', [range]: '1 2', [instances]: '128' }, {})
    const steps = resource.converge(current, resource.desired as never)
    await expect(`${JSON.stringify(steps, undefined, 2)}\n`).toMatchFileSnapshot('../goldens/resources/sysctls.json')
  })

  test('a missing key and a refused value are told apart', () => {
    const resource = sysctls({ values: { 'net.none': '1' } })
    const explain = (stderr: string) =>
      resource.explain?.({ step: 2, exitCode: 1, stdout: '', stderr }, resource.desired as never)?.problem
    const script = resource.converge(stateOf(resource, {}, {}), resource.desired as never).at(-1)
    const missing = sh(script && 'run' in script ? script.run : '')
    expect(missing.exitCode).toBe(1)
    expect(explain(missing.stderr)).toBe('The kernel of the host has no setting net.none.')
    expect(explain('sh: 1: cannot create /proc/sys/vm/panic_on_oom: Permission denied')).toContain('vm.panic_on_oom')
  })

  test('the probe reads what the kernel of this machine has', () => {
    const resource = sysctls({ values: { [forward]: '1', 'net.none': '1' }, file: '/nowhere/file' })
    const raw = sh(resource.probe.script)
    expect([...resource.probe.parse(raw).live.keys()]).toEqual([forward])
    expect(raw.stderr).toBe('')
  })

  test.each([
    ['net.ipv4.ip_forward', '/proc/sys/net/ipv4/ip_forward'],
    ['net/ipv4/conf/eth0.100/forwarding', '/proc/sys/net/ipv4/conf/eth0.100/forwarding'],
    ['net.ipv4.conf.eth0/100.forwarding', '/proc/sys/net/ipv4/conf/eth0.100/forwarding'],
  ])('%s is at %s', (key, path) => {
    expect(sysctlPath(key)).toBe(path)
  })
})
