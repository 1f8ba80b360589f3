import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PackagesParameters, packages } from '../../src/resources/packages/packages.ts'
import { compare, sh } from '../kit/local-sh.ts'

const all: PackagesParameters = { names: ['socat', 'conntrack'], updateCache: 'when needed', platform: 'apt' }
const complete = ['package=conntrack installed 1:1.4.7', 'package=socat installed 1.7.4']

function stateOf(lines: readonly string[]) {
  return packages(all).probe.parse({ exitCode: 0, stdout: `${['dpkg=there', ...lines].join('\n')}\n`, stderr: '' })
}

describe('packages', () => {
  test.each([
    ['all there', complete, undefined],
    ['all there, one with triggers to run', [complete[0]!, 'package=socat triggers-pending 1'], undefined],
    [
      'one missing, one removed but for its configuration',
      ['package=socat config-files 1.7.4'],
      {
        action: 'create',
        fields: [
          { field: 'conntrack', after: 'installed' },
          { field: 'socat', after: 'installed' },
        ],
      },
    ],
    [
      'left half configured by a crash, whoever installed it',
      [...complete, 'broken=postfix'],
      { action: 'update', fields: [{ field: 'postfix', before: 'half configured', after: 'installed' }] },
    ],
    [
      'left half configured, with others that apt would fetch for it',
      [...complete, 'broken=postfix', 'repair=postfix 3.7', 'repair=ssl-cert', 'repair=libssl3 3.0.1', 'repair=socat'],
      {
        action: 'update',
        fields: [
          { field: 'postfix', before: 'half configured', after: 'installed' },
          { field: 'ssl-cert', after: 'installed' },
          { field: 'libssl3', before: '3.0.1', after: 'the version that the repositories have' },
          { field: 'socat', after: 'installed' },
        ],
        note: 'what a crash left half configured needs ssl-cert, libssl3, socat',
      },
    ],
    [
      'dpkg cut off',
      [...complete, 'interrupted=yes'],
      { action: 'update', fields: [{ field: 'dpkg', before: 'interrupted', after: 'completed' }] },
    ],
    [
      'installed by a run that died before it disabled the unit',
      [...complete, 'disable=nginx.service'],
      { action: 'update', fields: [{ field: 'nginx.service', before: 'as its package left it', after: 'disabled' }] },
    ],
  ])('are compared with what dpkg says: %s', (_, lines, change) => {
    expect(compare(packages(all), stateOf(lines))).toEqual(change)
  })

  test('are installed with the script of the golden', async () => {
    const resource = packages({ ...all, keepDisabled: ['nginx.service'] })
    await expect(scriptOf(resource, ['interrupted=yes'])).toMatchFileSnapshot('../goldens/resources/packages.sh')
  })

  test.each([
    ['E: Unable to locate package conntrak', /package conntrak is not in the repositories/],
    ["E: Package 'x' has no installation candidate", /package x is not/],
    [
      "Err:1 http://deb\n  Temporary failure resolving 'deb.example'\nE: Unable to locate package x",
      /cannot be reached \(deb.example\)/,
    ],
    ["E: You don't have enough free space in /var/cache/apt/archives/.", /no space left/],
    ['E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (apt)', /Another package manager/],
    [
      'dpkg: error processing package foo (--configure):\nE: Sub-process /usr/bin/dpkg returned an error code (1)',
      /dpkg could not configure/,
    ],
    ['E: Packages need to be removed but remove is disabled.', /would remove packages/],
    ['E: Held packages were changed and -y was used', /on hold/],
    ['E: The package lists or status file could not be parsed or opened.', /cannot read the host's list/],
    ['bad luck', /could not be installed \(exit code 100\)/],
  ])('explains %s', (stdout, problem) => {
    const details = packages(all).explain?.({ step: 0, exitCode: 100, stdout, stderr: '' }, { names: all.names })
    expect(details?.problem).toMatch(problem)
    expect(details?.next).not.toBe('')
  })
})

function scriptOf(resource: ReturnType<typeof packages>, lines: readonly string[]): string {
  const [step] = resource.converge(stateOf(lines), resource.desired as never)
  return step !== undefined && 'run' in step ? step.run : ''
}

/** The scripts against programs that behave as they are told and write down how they were called. */
describe('an installation', () => {
  let bin: string

  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'evcctl-bin-'))
    program('sleep', '')
    program(
      'apt-cache',
      'for name; do case $name in policy|--) ;; *) echo "$name:"; echo "  Candidate: 1";; esac; done',
    )
    program('apt-get', '')
    program('dpkg', '')
  })
  afterEach(() => rmSync(bin, { recursive: true, force: true }))

  const program = (name: string, body: string) => {
    writeFileSync(
      join(bin, name),
      `#!/bin/sh\necho "${name} $*" | sed -E 's/ -(q|y|o [^ ]+)//g' >>${bin}/calls\n${body}\n`,
    )
    chmodSync(join(bin, name), 0o755)
  }
  const run = (lines: readonly string[], options: Partial<PackagesParameters> = {}) => {
    rmSync(join(bin, 'calls'), { force: true })
    const script = scriptOf(packages({ ...all, ...options }), lines).replaceAll('/run/evcctl', `${bin}/run`)
    const ended = sh(`set -eu\n${script}`, { path: bin })
    return { ...ended, calls: readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n') }
  }

  test('does not fetch the lists when they have every package', () => {
    expect(run([])).toMatchObject({
      exitCode: 0,
      calls: [
        'apt-cache policy -- conntrack socat',
        'apt-get install --no-install-recommends --no-remove -- conntrack socat',
      ],
    })
  })

  test('keeps its log in a folder of its own, which is gone afterwards', () => {
    program(
      'apt-get',
      `until [ -e ${bin}/run/apt.*/log ]; do :; done; stat -c %a ${bin}/run ${bin}/run/apt.*; ls ${bin}/run/apt.*`,
    )
    expect(run([]).stdout).toBe('700\n700\nlog\n')
    expect(readdirSync(join(bin, 'run'))).toEqual([])
    expect(scriptOf(packages(all), ['interrupted=yes'])).not.toMatch(/\/tmp|mktemp(?! -d \/run\/evcctl\/)/)
  })

  test('installs only what is missing', () => {
    expect(run([complete[0]!]).calls.at(-1)).toBe('apt-get install --no-install-recommends --no-remove -- socat')
  })

  test('fetches the lists when they lack a package', () => {
    program('apt-cache', 'echo "socat:"; echo "  Candidate: (none)"')
    expect(run([]).calls).toEqual([
      'apt-cache policy -- conntrack socat',
      'apt-get update',
      'apt-get install --no-install-recommends --no-remove -- conntrack socat',
    ])
    expect(run([], { updateCache: 'never' }).calls).not.toContain('apt-get update')
  })

  test('fetches them when the mirror no longer has what they name', () => {
    program(
      'apt-get',
      `case "$*" in *update*) : >${bin}/fresh;; *) [ -e ${bin}/fresh ] || { echo 'E: Failed to fetch x 404 Not Found'; exit 100; };; esac`,
    )
    expect(run([])).toMatchObject({ exitCode: 0 })
  })

  test('waits while another package manager runs', () => {
    program(
      'apt-get',
      `[ -e ${bin}/tried ] || { : >${bin}/tried; echo 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (unattended-upgr)'; exit 100; }`,
    )
    const { exitCode, stdout, calls } = run([])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('waiting for another package manager: held by process 12 (unattended-upgr)')
    expect(calls).toContain('sleep 3')
  })

  test('completes what a crash left first', () => {
    expect(run(['interrupted=yes']).calls.slice(0, 4)).toEqual([
      'dpkg --configure -a --force-confdef --force-confold',
      'apt-get --simulate install --fix-broken --no-remove',
      'apt-get install --fix-broken --no-remove',
      'dpkg --configure -a --force-confdef --force-confold',
    ])
  })

  test('lets apt fetch what dpkg misses to complete it', () => {
    program('dpkg', `[ -e ${bin}/fixed ]`)
    program('apt-get', `case "$*" in *--fix-broken*) : >${bin}/fixed;; esac`)
    expect(run(['interrupted=yes'])).toMatchObject({ exitCode: 0 })
  })

  test('lets apt fetch what the plan has named, and nothing else', () => {
    program(
      'apt-get',
      "case \"$*\" in *--simulate*) echo 'Inst ssl-cert:all (1 Debian)'; echo 'Inst postfix [3.7] (3.7)';; esac",
    )
    const lines = ['broken=postfix', 'repair=ssl-cert']
    const fixing = 'apt-get install --fix-broken --no-remove'
    expect(run(lines).calls.slice(1, 3)).toEqual(['apt-get --simulate install --fix-broken --no-remove', fixing])
    const { exitCode, stdout, stderr, calls } = run(['broken=postfix'])
    expect(exitCode).toBe(1)
    expect(calls).not.toContain(fixing)
    expect(packages(all).explain?.({ step: 0, exitCode, stdout, stderr }, { names: all.names })).toMatchObject({
      problem: 'apt would install more than the plan has named to complete what a crash left: ssl-cert.',
      next: expect.stringContaining('apply again'),
    })
  })

  test('asks apt for that only where something is to be completed, and has it write nothing', () => {
    program(
      'dpkg-query',
      'echo "package=socat installed 1"; if [ -e ${0%/*}/half ]; then echo "package=postfix half-configured 3.7"; fi',
    )
    program(
      'apt-get',
      "echo 'Inst ssl-cert:all (1 Debian)'; echo 'Inst postfix [3.7] (3.7)'; echo 'Conf postfix (3.7)'",
    )
    const look = () => packages(all).probe.parse(sh(packages(all).probe.script, { path: bin }))
    expect(look().repairs).toEqual([])
    writeFileSync(join(bin, 'half'), '')
    expect(look()).toMatchObject({
      broken: ['postfix'],
      repairs: [{ name: 'ssl-cert' }, { name: 'postfix', version: '3.7' }],
    })
    expect(packages(all).probe.script).toContain('-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=')
  })

  test('fails where what a crash left cannot be completed', () => {
    program('dpkg', 'exit 1')
    expect(run(['interrupted=yes'])).toMatchObject({ exitCode: 1 })
  })

  test('fails with the exit code and the words of apt', () => {
    program('apt-get', "echo 'E: Unable to locate package conntrack'; exit 100")
    expect(run([])).toMatchObject({ exitCode: 100, stdout: expect.stringContaining('E: Unable to locate') })
  })
})
