import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { etcdHealth } from '../../src/resources/etcd/health.ts'
import { etcdService } from '../../src/resources/etcd/service.ts'
import type { EtcdDataByHost } from '../../src/resources/etcd/wanted.ts'
import { compare } from '../kit/local-sh.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'
import { TrialHost } from './trial-host.ts'
import { printedUnit, runningUnit, statOf, stoppedUnit } from './unit-given.ts'

const environment = '/etc/etcd/etcd.env'
const unitFile = '/etc/systemd/system/etcd.service'
const numbers = [1, 2, 3, 4, 5]
const clientURL = (number: number) => `https://192.0.2.3${number}:2379`
const host = (number: number) => ({
  name: `e${number}`,
  peerURL: `https://192.0.2.3${number}:2380`,
  clientURL: clientURL(number),
})
const service = (size: number, data: EtcdDataByHost = {}) =>
  etcdService({ name: 'e1', members: numbers.slice(0, size).map(host), data })

// Each call of date is 5 s later than the one before.
const programs = {
  date: `seconds=$(( $(cat ROOT/seconds 2>/dev/null || echo 0) + 5 )); echo "$seconds" >ROOT/seconds; echo "$seconds"
`,
  systemctl: `echo "$*" >>ROOT/asked
take() { cp ROOT${environment} ROOT/running; if grep -q bad ROOT/running; then rm ROOT/running; return 1; fi; }
case "$*" in
  'start '* | 'restart '*) take;;
  'show -p ActiveState '*) if [ -e ROOT/running ]; then echo active; else echo failed; fi;;
  'show -p Type '*) echo notify;;
  'show -p NRestarts '*) echo 0;;
  'show -p LoadState,NeedDaemonReload '*) printf 'loaded\\nno\\n';;
  'show -p UnitFileState '*) echo enabled;;
esac
`,
  journalctl: `echo 'etcd: bad setting'
`,
  // As etcdctl prints: who is well on stdout, who is not on stderr.
  etcdctl: `for word in "$@"; do if [ "$before" = --endpoints ]; then endpoints=$word; fi; before=$word; done
case "$*" in
  *'member list'*) if [ -s ROOT/members ]; then cat ROOT/members; else echo 'context deadline exceeded' >&2; exit 1; fi;;
  *'endpoint health'*)
    echo x >>ROOT/asked-health
    code=0
    for endpoint in $(echo "$endpoints" | tr , ' '); do
      if [ "$endpoint" = ${clientURL(1)} ] && grep -q -s deaf ROOT/running; then code=1
      elif grep -q -x -F "$endpoint" ROOT/well || { [ -e ROOT/late ] && [ "$(wc -l <ROOT/asked-health)" -gt 6 ] && [ "$endpoint" = "$(cat ROOT/late)" ]; }
      then echo "$endpoint is healthy: successfully committed proposal: took = 2.1ms"
      else echo "$endpoint is unhealthy: failed to commit proposal: context deadline exceeded" >&2; code=1; fi
    done
    exit $code;;
esac
`,
  curl: `[ -e ROOT/metrics ] && cat ROOT/metrics
`,
  sleep: ':\n',
}

class Host extends TrialHost {
  /** Its members are `all`, of which `well` answer; it runs with `first`, which is kept. */
  static async standing(all: readonly number[], well: readonly number[]): Promise<Host> {
    const made = new Host(programs)
    made.write(unitFile, 'first')
    made.write(environment, 'first')
    made.tell('well', `${clientURL(1)}\n`)
    made.tell('members', `${line(1)}\n`)
    expect(await made.settle('start')).toMatchObject({ exitCode: 0, stderr: '' })
    made.tell('members', all.map(number => `${line(number)}\n`).join(''))
    made.tell('well', well.map(number => `${clientURL(number)}\n`).join(''))
    made.tell('asked', '')
    made.write(environment, 'second')
    return made
  }

  /** What the member runs with; undefined: it does not run. */
  get runs(): string | undefined {
    return this.told('running')
  }

  restarts(): number {
    return this.asked().filter(one => /^(re)?start /.test(one)).length
  }

  settle(how: 'start' | 'restart'): Promise<ProbeResult> {
    const resource = service(3)
    const [step] = resource.converge(how === 'start' ? stopped() : changed(), resource.desired as never)
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    return this.do(step.run)
  }
}

const line = (number: number, learner = false) =>
  `id${number}, started, e${number}, https://192.0.2.3${number}:2380, ${clientURL(number)}, ${learner}`
const stopped = () => stateOf(service(3), ...printedUnit('etcd.service', stoppedUnit), 'unit=inactive')
/** It runs with settings that have changed since; etcd has these members, of which some are silent. */
const changed = (members: readonly string[] = [], silent: readonly number[] = []) =>
  stateOf(
    service(3),
    ...printedUnit('etcd.service', {
      ...runningUnit,
      stamp: { [environment]: statOf(1) },
      files: { [environment]: statOf(2) },
    }),
    ...['data=there', 'unit=active', 'asked=yes', 'answered=yes'],
    ...members.map(one => `member=${one}`),
    ...numbers
      .filter(number => !silent.includes(number))
      .map(number => `alive=${clientURL(number)}, id${number}, 3.6.8`),
  )

describe('a member of etcd whose settings have changed', () => {
  test.each([
    ['all members answer', [1, 2, 3], [1, 2, 3]],
    ['it is the only one', [1], [1]],
    ['it is one of two that both answer, so that nothing else is possible', [1, 2], [1, 2]],
    ['it is not well itself', [1, 2, 3], [2]],
    ['nobody is well', [1, 2, 3], []],
  ])('is restarted where %s', async (_what, all, well) => {
    const host = await Host.standing(all, well)
    expect(await host.settle('restart')).toMatchObject({ exitCode: 0, stderr: '' })
    expect([host.runs, host.restarts()]).toEqual(['second', 1])
  })

  test.each([
    ['one of three', [1, 2, 3], [1, 2], 'e3 does not answer'],
    ['one of four', [1, 2, 3, 4], [1, 2, 3], 'e4 does not answer'],
  ])('is not touched while %s others is missing, and the error says which', async (_what, all, well, actual) => {
    const host = await Host.standing(all, well)
    const ended = await host.settle('restart')
    expect(ended.exitCode).toBe(1)
    expect([host.runs, host.restarts(), host.read(environment)]).toEqual(['first', 0, 'second'])
    const details = service(3).explain?.({ step: 0, ...ended }, {} as never)
    expect(details).toMatchObject({ problem: 'e1 is not restarted: etcd would lose its quorum.', actual })
  })

  test('is restarted while a learner is missing, which has no vote', async () => {
    const host = await Host.standing([1, 2, 3], [1, 2, 3])
    host.tell('members', [line(1), line(2), line(3), line(4, true)].join('\n'))
    expect(await host.settle('restart')).toMatchObject({ exitCode: 0 })
  })

  test('counts a voting member that has never started', async () => {
    const host = await Host.standing([1, 2, 3], [1, 2])
    host.tell('members', [line(1), line(2), 'id3, unstarted, , https://192.0.2.33:2380, , false'].join('\n'))
    const ended = await host.settle('restart')
    expect([ended.exitCode, host.restarts()]).toEqual([1, 0])
    expect(ended.stderr).toContain('https://192.0.2.33:2380 does not answer')
  })

  test('waits for one that comes back meanwhile', async () => {
    const host = await Host.standing([1, 2, 3], [1, 2])
    host.tell('asked-health', '')
    host.tell('late', clientURL(3))
    const ended = await host.settle('restart')
    expect([ended.exitCode, host.runs]).toEqual([0, 'second'])
    expect(ended.stdout).toContain('waiting with the restart: e3 does not answer')
  })

  test('is not restarted where it is well by its own word and the members cannot be asked', async () => {
    const host = await Host.standing([1, 2, 3], [])
    host.tell('metrics', '{"health":"true","reason":""}')
    host.tell('members', '')
    const ended = await host.settle('restart')
    expect([ended.exitCode, host.restarts()]).toEqual([1, 0])
    expect(ended.stderr).toContain('the members cannot be asked: context deadline exceeded')
  })

  test.each([
    ['does not start', 'bad'],
    ['is not well', 'deaf'],
  ])('gets its former files back where it %s with what is new', async (_what, text) => {
    const host = await Host.standing([1, 2, 3], [1, 2, 3])
    host.write(environment, text)
    host.write(unitFile, 'second')
    const ended = await host.settle('restart')
    expect(ended.exitCode).toBe(1)
    expect([host.read(environment), host.read(unitFile), host.runs]).toEqual(['first', 'first', 'first'])
    const details = service(3).explain?.({ step: 0, ...ended }, {} as never)
    expect(details?.problem).toContain('it has its former files again')
    expect(details?.problem).toContain(host.inside(environment))
  })

  test('keeps what it is well with as what it gets back later', async () => {
    const host = await Host.standing([1, 2, 3], [1, 2, 3])
    expect((await host.settle('restart')).exitCode).toBe(0)
    host.write(environment, 'bad')
    expect((await host.settle('restart')).exitCode).toBe(1)
    expect(host.runs).toBe('second')
  })
})

test('a new member keeps what it has become healthy with', async () => {
  const sandbox = new Sandbox()
  for (const path of [environment, unitFile]) {
    mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
    writeFileSync(sandbox.inside(path), 'first')
  }
  const health = etcdHealth('e1', clientURL(1))
  const [, end] = health.converge(stateOf(health, 'formed=no', 'healthy=yes'), { healthy: true })
  expect(await sandbox.run([end!])).toMatchObject({ exitCode: 0 })
  for (const path of [environment, unitFile]) {
    const copy = `${sandbox.inside('/var/lib/evcctl/proven/etcd.service')}${sandbox.inside(path)}`
    expect(readFileSync(copy, 'utf8')).toBe('first')
  }
})

describe('the plan of a restart', () => {
  const plan = (size: number, data: EtcdDataByHost, members: readonly string[], ...silent: readonly number[]) =>
    compare(service(size, data), changed(members, silent))
  const three = [line(1), line(2), line(3)]
  const answered = { e1: 'formed', e2: 'formed' } as const

  test('says nothing more where all answer', () => {
    const change = plan(3, { ...answered, e3: 'formed' }, three)
    expect(change).toEqual({ action: 'restart', fields: [{ field: 'changed', after: environment }] })
  })

  test('is refused where a member of a host that is off is missing', () => {
    expect(plan(3, answered, three, 3)?.refused).toMatchObject({
      problem: 'e1 is not restarted: etcd would lose its quorum.',
      actual: 'e3 does not answer',
    })
  })

  test('waits for a member that this apply starts', () => {
    const change = plan(3, { ...answered, e3: 'formed' }, three, 3)
    expect(change).toMatchObject({ action: 'restart', note: 'when e3 answers again' })
    expect(change?.refused).toBeUndefined()
  })

  test.each([
    ['is not in cluster.yaml any more, so it is removed before', 2, three, 3],
    ['has no vote', 3, [line(1), line(2), line(3, true)], 3],
    ['is not needed', 4, [...three, line(5), line(4)], 4],
  ])('is possible where the one that is missing %s', (_what, size, members, silent) => {
    expect(plan(size, answered, members, silent)).toMatchObject({ action: 'restart' })
    expect(plan(size, answered, members, silent)?.refused).toBeUndefined()
  })

  test('is possible where this member is the one that is not well', () => {
    expect(plan(3, answered, three, 1, 3)?.refused).toBeUndefined()
  })
})
