import { describe, expect, test } from 'vitest'
import { kernelModules } from '../../src/resources/system/kernel-modules.ts'
import { compare, sh } from '../kit/local-sh.ts'

const resource = kernelModules({ names: ['overlay', 'br-netfilter'] })

function stateOf(...lines: readonly string[]) {
  return resource.probe.parse({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
}

describe('kernel modules', () => {
  test.each([
    [
      'loaded now and at boot',
      ['present=br_netfilter module', 'present=overlay module', 'boot=br-netfilter', 'boot=overlay'],
      undefined,
    ],
    ['built in: nothing to load', ['present=br_netfilter built-in', 'present=overlay built-in'], undefined],
    [
      'missing',
      ['present=overlay built-in'],
      [{ field: 'br_netfilter', before: 'not loaded', after: 'loaded, now and at boot' }],
    ],
    [
      'loaded by hand',
      ['present=br_netfilter module', 'present=overlay built-in'],
      [{ field: 'br_netfilter', before: 'loaded until the next boot', after: 'loaded at boot' }],
    ],
    [
      'no longer wanted',
      ['present=br_netfilter built-in', 'present=overlay built-in', 'boot=ip_vs'],
      [{ field: 'ip_vs', before: 'loaded at boot', after: 'not loaded at boot' }],
    ],
  ])('are compared with now and the next boot: %s', (_, lines, fields) => {
    expect(compare(resource, stateOf(...lines))?.fields).toEqual(fields)
  })

  test('what is built in is not put into the file', () => {
    const steps = resource.converge(stateOf('present=overlay built-in'), resource.desired as never)
    expect(steps).toContainEqual(expect.objectContaining({ content: '# Kept by evcctl.\nbr_netfilter\n' }))
    expect(steps[0]).toEqual({ run: expect.stringContaining("for name in 'br_netfilter'; do modprobe") })
  })

  test('one that does not exist is named', () => {
    const [step] = kernelModules({ names: ['no_such_module'] }).converge(stateOf(), { names: [] })
    const ended = sh(step !== undefined && 'run' in step ? step.run : '')
    expect(ended.exitCode).toBe(1)
    const details = resource.explain?.({ step: 0, ...ended }, resource.desired as never)
    expect(details?.problem).toContain('no module no_such_module')
    expect(details?.next).toContain('reboot')
  })

  test('the probe knows the modules of this machine', () => {
    const raw = sh(kernelModules({ names: ['overlay', 'no_such_module'] }).probe.script)
    expect(raw.stderr).toBe('')
    expect([...resource.probe.parse(raw).present.keys()]).not.toContain('no_such_module')
  })
})
