import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { systemdUnit } from '../../src/resources/systemd/unit.ts'
import { compare } from '../kit/local-sh.ts'
import { stateOf } from './state-of.ts'
import { TrialHost } from './trial-host.ts'
import { printedUnit, runningUnit, statOf, stoppedUnit } from './unit-given.ts'

const unit = 'proxy.service'
const other = 'other.service'
const config = '/etc/evcctl/proxy.conf'
const unitFile = '/etc/systemd/system/proxy.service'

// A proxy takes its configuration when it is started or reloaded, unless "bad" is in it; with "deaf" it serves nobody.
const programs = {
  systemctl: `echo "$*" >>ROOT/asked
for unit in "$@"; do :; done
running=ROOT/running.$unit
take() { if grep -q bad ROOT${config}; then return 1; fi; cp ROOT${config} "$running"; }
case "$*" in
  'start -- other.service') echo other >"$running";;
  'start '* | 'restart '*) rm -f "$running"; if [ -e ROOT/running.other.service ]; then echo 'port is taken' >&2; exit 1; fi; take;;
  'reload '*) take;;
  'stop '*) rm -f "$running";;
  'enable '*) : >ROOT/enabled.$unit;;
  'disable '*) rm -f ROOT/enabled.$unit;;
  'show -p ActiveState '*) if [ -e "$running" ]; then echo active; else echo failed; fi;;
  'show -p Type '*) echo forking;;
  'show -p NRestarts '*) echo 0;;
  'show -p LoadState,NeedDaemonReload '*) printf 'loaded\\nno\\n';;
  'show -p UnitFileState '*) if [ -e ROOT/enabled.$unit ]; then echo enabled; else echo disabled; fi;;
esac
`,
  journalctl: `echo 'unknown directive "bad"'
`,
  curl: `cat ROOT/running.* 2>/dev/null | grep -q -v deaf
`,
  sleep: ':\n',
}

class Host extends TrialHost {
  constructor() {
    super(programs)
    this.write('/etc/kubernetes/kubelet.conf', 'x')
    this.write(unitFile, 'first')
  }

  /** What a unit runs with; undefined: it does not run. */
  runs(name: string): string | undefined {
    return this.told(`running.${name}`)
  }

  letRun(name: string, text: string): void {
    this.tell(`running.${name}`, text)
    this.tell(`enabled.${name}`, '')
  }

  isEnabled(name: string): boolean {
    return this.told(`enabled.${name}`) !== undefined
  }

  settle(how: keyof typeof given): Promise<ProbeResult> {
    const [step] = proxy.converge(stateOf(proxy, ...printedUnit(unit, given[how])), proxy.desired as never)
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    return this.do(step.run)
  }
}

const watches = [unitFile]
const kept = [{ unit, files: [unitFile, config], watches: [...watches, config], reloads: config }]
const trial = { kept, proof: { serves: 'curl https://127.0.0.1:7443/', replaces: other } }
const proxy = systemdUnit({ unit, state: 'running', enabled: true, watches, reloads: [config], trial })
const started = { [unitFile]: statOf(1), [config]: statOf(1) }
const given = {
  start: stoppedUnit,
  reload: { ...runningUnit, stamp: started, files: { ...started, [config]: statOf(2) } },
  restart: { ...runningUnit, stamp: started, files: { ...started, [unitFile]: statOf(2) } },
}

async function standing(): Promise<Host> {
  const host = new Host()
  host.write(config, 'first')
  expect(await host.settle('start')).toMatchObject({ exitCode: 0, stderr: '' })
  return host
}

test.each(['reload', 'restart'] as const)(
  'a proxy runs with what is new after a %s, and keeps it as what it gets back later',
  async how => {
    const host = await standing()
    host.write(config, 'second')
    expect(await host.settle(how)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(host.runs(unit)).toBe('second')
    host.write(config, 'bad')
    expect((await host.settle('reload')).exitCode).toBe(1)
    expect(host.read(config)).toBe('second')
  },
)

test.each([
  ['reload', 'reload', 'bad'],
  ['restart', 'restart', 'bad'],
  ['reload', 'reload', 'deaf'],
  ['restart', 'reload', 'deaf'],
] as const)(
  'after a %s with which it does not serve it gets its former files back by a %s: %s',
  async (how, by, text) => {
    const host = await standing()
    const before = host.asked().length
    host.write(config, text)
    const ended = await host.settle(how)
    expect(ended.exitCode).toBe(1)
    expect([host.read(config), host.runs(unit)]).toEqual(['first', 'first'])
    expect(host.asked(before).filter(line => /^(re|st)/.test(line) && !line.startsWith('reset'))).toEqual([
      `${how} -- ${unit}`,
      `${by} -- ${unit}`,
    ])
    const details = proxy.explain?.({ step: 0, ...ended }, proxy.desired as never)
    expect(details?.problem).toContain(`it has its former files again: ${host.inside(config)}`)
    expect(details?.actual).toContain(text === 'bad' ? 'unknown directive' : 'nothing is reached through it any more')
  },
)

test('a unit file that is put back is one to restart for', async () => {
  const host = await standing()
  host.write(unitFile, 'second')
  host.write(config, 'deaf')
  const before = host.asked().length
  expect((await host.settle('restart')).exitCode).toBe(1)
  expect(host.read(unitFile)).toBe('first')
  expect(host.asked(before).filter(line => line.startsWith('restart'))).toHaveLength(2)
})

test('where nothing was reached before, nothing has to be reached afterwards', async () => {
  const host = await standing()
  host.write(config, 'deaf')
  host.letRun(unit, 'deaf')
  expect(await host.settle('reload')).toMatchObject({ exitCode: 0 })
})

/** Settles, and is killed while it waits for an answer through the new proxy. */
async function cutOff(host: Host, how: keyof typeof given): Promise<void> {
  host.program('sleep', 'if [ "$1" = 2 ]; then kill -9 $PPID; fi\n')
  expect((await host.settle(how)).exitCode).not.toBe(0)
  host.program('sleep', programs.sleep)
}

test.each(['reload', 'restart'] as const)(
  'a trial of a %s that is cut off is repeated by the next run, with all that it asks for',
  async how => {
    const host = await standing()
    host.write(config, 'deaf')
    await cutOff(host, how)
    expect(host.runs(unit)).toBe('deaf')
    const stamp = host.read(`/var/lib/evcctl/started/${unit}`)
    expect(stamp.trim().split('\n').at(-1)).toBe('served')
    expect((await host.settle(how)).exitCode).toBe(1)
    expect([host.read(config), host.runs(unit)]).toEqual(['first', 'first'])
    expect((await host.settle('reload')).exitCode).toBe(0)
  },
)

test('a run that is killed before its files are kept has not ended its trial: the next one keeps them', async () => {
  const host = await standing()
  host.write(config, 'second')
  host.program('cp', 'case $* in *proven*) kill -9 $PPID;; esac\nexec /bin/cp "$@"\n')
  expect((await host.settle('reload')).exitCode).not.toBe(0)
  host.program('cp', 'exec /bin/cp "$@"\n')
  expect(host.read(`/var/lib/evcctl/started/${unit}`).trim().split('\n').at(-1)).toBe('served')
  expect(await host.settle('reload')).toMatchObject({ exitCode: 0 })
  host.write(config, 'bad')
  expect((await host.settle('reload')).exitCode).toBe(1)
  expect([host.read(config), host.runs(unit)]).toEqual(['second', 'second'])
})

test('a trial that is repeated in vain, because nothing can be served any more, fails once and not for ever', async () => {
  const host = await standing()
  // Its program is new, so there is nothing to put back.
  await cutOff(host, 'restart')
  host.program('curl', 'exit 7\n')
  expect((await host.settle('restart')).exitCode).toBe(1)
  expect(await host.settle('restart')).toMatchObject({ exitCode: 0 })
})

test('one in the place of another, whose trial is cut off, is no proxy that was started', async () => {
  const host = new Host()
  host.write(config, 'deaf')
  await host.sh(
    `: >${join(host.root, 'enabled.other.service')}; echo other >${join(host.root, 'running.other.service')}`,
  )
  await cutOff(host, 'start')
  expect([host.runs(unit), host.runs(other)]).toEqual(['deaf', undefined])
  // What the next plan reads of it: it was started with none of its files.
  const current = stateOf(proxy, ...printedUnit(unit, { ...runningUnit, files: started, stamp: {} }))
  expect(compare(proxy, current)).toMatchObject({ action: 'restart' })
  expect((await host.settle('restart')).exitCode).toBe(1)
  expect(host.runs(other)).toBe('other\n')
})

test('a proxy that takes the place of another stops that right before its start', async () => {
  const host = new Host()
  host.write(config, 'first')
  await host.sh(
    `: >${join(host.root, 'enabled.other.service')}; echo other >${join(host.root, 'running.other.service')}`,
  )
  expect(await host.settle('start')).toMatchObject({ exitCode: 0, stderr: '' })
  expect([host.runs(unit), host.runs(other)]).toEqual(['first', undefined])
})

test.each(['bad', 'deaf'])('one that cannot take the place of another lets that run again: %s', async text => {
  const host = new Host()
  host.write(config, text)
  await host.sh(
    `: >${join(host.root, 'enabled.other.service')}; echo other >${join(host.root, 'running.other.service')}`,
  )
  const ended = await host.settle('start')
  expect(ended.exitCode).toBe(1)
  expect([host.runs(unit), host.runs(other)]).toEqual([undefined, 'other\n'])
  expect([host.isEnabled(unit), host.isEnabled(other)]).toEqual([false, true])
  const details = proxy.explain?.({ step: 0, ...ended }, proxy.desired as never)
  expect(details?.problem).toBe(`${unit} does not run, so ${other} runs again in its place.`)
})

test('one that is broken later does not wake up another that was taken out of the boot', async () => {
  const host = await standing()
  host.write(config, 'bad')
  rmSync(host.inside('/var/lib/evcctl/proven'), { recursive: true })
  rmSync(join(host.root, 'running.proxy.service'))
  expect((await host.settle('start')).exitCode).toBe(1)
  expect(host.runs(other)).toBeUndefined()
})
