import { describe, expect, test } from 'vitest'
import type { Change, TaskId } from '../../src/core/index.ts'
import { systemdUnit } from '../../src/resources/systemd/unit.ts'
import { stateOf } from './state-of.ts'
import { printedUnit, runningUnit, type UnitGiven } from './unit-given.ts'

const unit = 'containerd.service'
const binary = '/usr/local/bin/containerd'
const config = '/etc/containerd/config.toml'
const stat = { [binary]: '11 2026-11-20 10:00:00.123456789 +0000', [config]: '12 2026-11-20 10:00:01.000000000 +0000' }

const running: UnitGiven = { ...runningUnit, files: stat, stamp: stat }

function wanted(options: Partial<Parameters<typeof systemdUnit>[0]> = {}) {
  return systemdUnit({ unit, state: 'running', enabled: true, watches: [binary], reloads: [config], ...options })
}

function state(given: UnitGiven) {
  // `other.service` has the same program, with another stamp.
  return stateOf(wanted(), ...printedUnit(unit, given), `other.service:${binary} 5 2026-11-20 09:00:00.000000000 +0000`)
}

function diff(host: UnitGiven, options: Parameters<typeof wanted>[0] = {}, watched: readonly string[] = []) {
  const resource = wanted(options)
  return resource.diff(state(host), resource.desired as never, { watched: watched as readonly TaskId[] })
}

const without = (path: string) => Object.fromEntries(Object.entries(stat).filter(([name]) => name !== path))
const changed = (path: string) => ({ ...stat, [path]: '99 2026-11-20 11:00:00.000000000 +0000' })
const stopped: UnitGiven = { ...running, ActiveState: 'inactive', SubState: 'dead' }
const stop = { state: 'stopped', enabled: false } as const

describe('a unit', () => {
  test('that runs with its files as they are is in desired state', () => {
    expect(diff(running)).toBeUndefined()
  })

  test.each<[string, UnitGiven, Parameters<typeof wanted>[0], Change]>([
    [
      'does not exist yet',
      { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead', UnitFileState: '' },
      {},
      {
        action: 'create',
        fields: [
          { field: 'state', before: 'stopped', after: 'running' },
          { field: 'at boot', before: 'not started', after: 'started' },
        ],
      },
    ],
    [
      'was stopped: a start is enough, whatever its files',
      { ...stopped, files: changed(binary) },
      {},
      { action: 'update', fields: [{ field: 'state', before: 'stopped', after: 'running' }] },
    ],
    [
      'has failed',
      { ...running, ActiveState: 'failed', SubState: 'failed' },
      {},
      { action: 'update', fields: [{ field: 'state', before: 'failed', after: 'running' }] },
    ],
    [
      'is restarted again and again',
      { ...running, ActiveState: 'activating', SubState: 'auto-restart' },
      {},
      { action: 'update', fields: [{ field: 'state', before: 'restarting again and again', after: 'running' }] },
    ],
    [
      'is disabled',
      { ...running, UnitFileState: 'disabled' },
      {},
      { action: 'update', fields: [{ field: 'at boot', before: 'not started', after: 'started' }] },
    ],
    [
      'is masked',
      { ...stopped, UnitFileState: 'masked' },
      {},
      {
        action: 'update',
        fields: [
          { field: 'masked', before: 'yes', after: 'no' },
          { field: 'state', before: 'stopped', after: 'running' },
          { field: 'at boot', before: 'not started', after: 'started' },
        ],
      },
    ],
    [
      'was edited without daemon-reload',
      { ...running, NeedDaemonReload: 'yes' },
      {},
      {
        action: 'update',
        fields: [{ field: 'unit file', before: 'changed since it was loaded', after: 'loaded' }],
      },
    ],
    [
      'has a binary that changed since it was started',
      { ...running, files: changed(binary) },
      {},
      { action: 'restart', fields: [{ field: 'changed', after: binary }] },
    ],
    [
      'lost a watched file',
      { ...running, files: without(binary) },
      {},
      { action: 'restart', fields: [{ field: 'changed', after: binary }] },
    ],
    [
      'has a configuration that changed',
      { ...running, files: changed(config) },
      {},
      { action: 'run', fields: [{ field: 'reload', after: config }] },
    ],
    [
      'has both changed: one restart',
      { ...running, files: { ...changed(config), [binary]: '7 2026-11-20 12:00:00.000000000 +0000' } },
      {},
      { action: 'restart', fields: [{ field: 'changed', after: `${binary}, ${config}` }] },
    ],
    [
      'was started by somebody else before its files changed',
      { ...running, stamp: undefined, files: changed(binary) },
      { reloads: [] },
      { action: 'restart', fields: [{ field: 'changed', after: binary }] },
    ],
    [
      'was started by somebody else in the second in which a file changed',
      { ...running, stamp: undefined, ExecMainStartTimestamp: 'Fri 2026-11-20 10:00:00 UTC' },
      { reloads: [] },
      { action: 'restart', fields: [{ field: 'changed', after: binary }] },
    ],
    [
      'runs and must not',
      running,
      stop,
      {
        action: 'update',
        fields: [
          { field: 'state', before: 'running', after: 'stopped' },
          { field: 'at boot', before: 'started', after: 'not started' },
        ],
      },
    ],
    [
      'must not be startable',
      { ...stopped, UnitFileState: 'disabled' },
      { ...stop, masked: true },
      { action: 'update', fields: [{ field: 'masked', before: 'no', after: 'yes' }] },
    ],
  ])('has a change where it %s', (_, host, options, change) => {
    expect(diff(host, options)).toEqual(change)
  })

  test.each<[string, UnitGiven, Parameters<typeof wanted>[0]]>([
    ['started by somebody else after its files changed needs nothing', { ...running, stamp: undefined }, {}],
    [
      'started by somebody else needs nothing for a watched file that is not there',
      { ...running, stamp: undefined },
      { watches: [binary, '/etc/evcctl/proxy.env'] },
    ],
    ['that is static cannot be enabled and need not be', { ...running, UnitFileState: 'static' }, {}],
    ['that is not there is stopped', { LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '' }, stop],
    ['that failed is stopped', { ...stopped, ActiveState: 'failed', UnitFileState: 'disabled' }, stop],
    ['that is masked does not start at boot', { ...stopped, UnitFileState: 'masked' }, stop],
  ])('%s', (_, host, options) => {
    expect(diff(host, options)).toBeUndefined()
  })

  test('that runs will be restarted or reloaded because of pending tasks, which are named', () => {
    const edit = `w1/file:${config}`
    expect(diff(running, {}, [edit])).toEqual({
      action: 'run',
      fields: [{ field: 'reload', after: config }],
      because: [edit],
    })
    const upgrade = 'w1/artifact:containerd'
    expect(diff(running, {}, [edit, upgrade])).toEqual({
      action: 'restart',
      fields: [{ field: 'changed', after: `containerd, ${config}` }],
      because: [edit, upgrade],
    })
    expect(diff(stopped, {}, [edit])?.because).toBeUndefined()
  })

  const scriptFor = (host: UnitGiven, options: Parameters<typeof wanted>[0] = {}) => {
    const resource = wanted(options)
    const [step, ...others] = resource.converge(state(host), resource.desired as never)
    expect(others).toEqual([])
    return step && 'run' in step ? step.run : ''
  }

  test.each<[string, UnitGiven, Parameters<typeof wanted>[0]]>([
    ['restart', { ...running, files: changed(binary) }, {}],
    ['stop', running, { ...stop, masked: true }],
  ])('is brought where it has to be by the script of the golden: %s', async (name, host, options) => {
    await expect(scriptFor(host, options)).toMatchFileSnapshot(`../goldens/resources/systemd-unit-${name}.sh`)
  })

  test('is started and reloaded by the script that restarts it, with another line in one place', () => {
    const restart = scriptFor({ ...running, files: changed(binary) }).split('\n')
    const instead = (host: UnitGiven) => {
      const lines = scriptFor(host).split('\n')
      expect(lines).toHaveLength(restart.length)
      return lines.filter((line, at) => line !== restart[at])
    }
    expect(instead({ ...running, files: changed(config) })).toEqual([
      'systemctl reload -- "$unit" || fail "systemctl reload $unit failed"',
    ])
    // A unit that is being started with files from before is started again.
    expect(instead(stopped)).toEqual([
      expect.stringMatching(
        /^if .* = activating \] && .* then systemctl restart .*; else systemctl start -- "\$unit"; fi/,
      ),
    ])
  })

  test('that does not start is explained with what the journal says', () => {
    const stderr =
      'Job for containerd.service failed.\n× containerd.service\nNov 20 10:00 toml: line 3: invalid character'
    const details = wanted().explain?.({ step: 0, exitCode: 1, stdout: '', stderr }, wanted().desired as never)
    expect(details?.actual).toContain('toml: line 3')
    expect(details?.next).toContain('journalctl -u containerd.service')
  })

  test('that systemd says nothing of is not taken for stopped', () => {
    expect(() => wanted().probe.parse({ exitCode: 1, stdout: 'Id=x\nNames=x\n', stderr: 'Failed to connect' })).toThrow(
      /could not be read/,
    )
  })

  test('cannot be asked to run and be masked', () => {
    expect(() => wanted({ masked: true })).toThrow(/can neither run nor be enabled/)
  })
})
