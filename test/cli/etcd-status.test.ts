import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { etcdReport } from '../../src/cli/etcd/etcd-report.ts'
import { etcdReportText } from '../../src/cli/etcd/etcd-text.ts'
import { type EtcdAnswer, readEtcdAnswer } from '../../src/cli/etcd/member-answer.ts'
import { refuseOthers } from '../../src/cli/etcd/other-members.ts'
import { etcdScript } from '../../src/cli/status/health-probe.ts'
import { HostError, Secret } from '../../src/core/index.ts'
import { createPaint } from '../../src/report/index.ts'
import { anyText, fuzzing } from '../kit/fuzz.ts'
import { specOf } from '../playbooks/given.ts'
import { Sandbox } from '../resources/sandbox.ts'

let host: Sandbox
beforeEach(() => {
  host = new Sandbox()
})
afterEach(() => rmSync(host.root, { recursive: true, force: true }))

const names = ['cp1', 'cp2', 'cp3']
const spec = specOf({
  hosts: names.map((name, index) => ({ name, address: `192.0.2.1${index}`, roles: ['control-plane'] })),
})
// The JSON gateway of etcd has 64 bit numbers as texts, and leaves out what is 0 or false.
const ids: Readonly<Record<string, string>> = { cp1: '10276657743932975437', cp2: '2', cp3: '3' }
const listed = names.map(name => ({ ID: ids[name], name, peerURLs: [], clientURLs: [`https://${name}:2379`] }))

interface Given {
  readonly health?: string
  readonly members?: readonly object[]
  readonly more?: object
}

const line = (name: string, value: unknown) =>
  `${name}=0 200 ${Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64')}`

/** What a host prints whose member is well, unless something else is given. */
function printed(name: string, { health = '{"health":"true"}', members = listed, more = {} }: Given = {}): string {
  const header = { cluster_id: '9', member_id: ids[name] }
  const status = { header, version: '3.6.8', leader: ids.cp1, dbSize: '8192', dbSizeInUse: '4096' }
  const log = { raftIndex: '100', raftAppliedIndex: '100', ...more }
  return [line('etcd', health), line('members', { members }), line('member', { ...status, ...log })].join('\n')
}

const answer = (text: string): EtcdAnswer => readEtcdAnswer({ exitCode: 0, stdout: text, stderr: '' })
const silent = new HostError('cp3', 'unreachable', { where: 'cp3', problem: 'it cannot be reached' })

function reportOf(given: Readonly<Record<string, string | HostError>>) {
  return etcdReport(
    spec,
    new Map(Object.entries(given).map(([name, said]) => [name, typeof said === 'string' ? answer(said) : said])),
  )
}
const well = { cp1: printed('cp1'), cp2: printed('cp2'), cp3: printed('cp3') }
const text = (given: Parameters<typeof reportOf>[0]) =>
  etcdReportText(reportOf(given), { name: 'edge', file: 'lab.yaml', paint: createPaint(false) })

describe('the members of etcd', () => {
  test('are shown one by one, with their quorum, where all is well', () => {
    expect(reportOf(well).problems).toEqual([])
    expect(text(well)).toBe(`edge: 3 etcd members, 3 healthy: survives the loss of 1

MEMBER  HOST  ID                VERSION  STATE            SIZE     IN USE   LAG
cp1     cp1   8e9e05c52164694d  3.6.8    healthy, leader  8.0 KiB  4.0 KiB  0
cp2     cp2   2                 3.6.8    healthy          8.0 KiB  4.0 KiB  0
cp3     cp3   3                 3.6.8    healthy          8.0 KiB  4.0 KiB  0`)
  })

  test('count as lost where their host is silent, by the names that the others list', () => {
    const said = text({ ...well, cp3: silent })
    expect(said).toContain('3 etcd members, 2 healthy: no further loss')
    expect(said).toContain('cp3     cp3   3                 -        unknown')
    expect(said).toContain('✘ cp3: its member of etcd does not work: it cannot be reached')
  })

  test('are counted by hosts where none gives a list', () => {
    const { total, healthy, survives } = reportOf({ cp1: silent, cp2: silent, cp3: silent })
    expect([total, healthy, survives]).toEqual([3, 0, -2])
  })

  test('are none yet where no host has one', () => {
    const said = text({ cp1: 'etcd=absent', cp2: 'etcd=absent', cp3: 'etcd=absent' })
    expect(said).toBe('edge: no member of etcd answers as one. To make the cluster: evcctl apply lab.yaml')
  })

  const last = (given: Given) => ({ ...well, cp3: printed('cp3', given) })
  test.each<[string, Record<string, string>, string]>([
    [
      'a learner',
      { ...well, cp1: printed('cp1', { members: listed.map(one => ({ ...one, isLearner: one.ID === '3' })) }) },
      'cp3: its member does not vote yet',
    ],
    ['an alarm', last({ more: { errors: ['memberID:2 alarm:NOSPACE '] } }), 'cp2: alarm NOSPACE'],
    ['a member that lags', last({ more: { raftAppliedIndex: '3', raftIndex: '9000' } }), 'the last 8997 entries'],
    ['a member without a leader', last({ health: '{"health":"false","reason":"RAFT NO LEADER"}' }), 'RAFT NO LEADER'],
    ['a host without its member', { ...well, cp3: 'etcd=absent' }, 'cp3: its member of etcd is not set up'],
    [
      'a member of another cluster',
      last({ members: [{ ID: '3', name: 'cp3', clientURLs: [] }] }),
      'cp3: its member lists other members than cp1',
    ],
    [
      'a member on no host of the file',
      Object.fromEntries(
        names.map(name => [name, printed(name, { members: [...listed, { ID: '4', name: 'old', clientURLs: [] }] })]),
      ),
      'the member old of etcd: no host of cluster.yaml has it',
    ],
  ])('are not well with %s', (_, given, words) => {
    const report = reportOf(given)
    expect(report.problems.map(({ where, problem }) => `${where}: ${problem}`).join('\n')).toContain(words)
  })

  test('may be mostly empty space, which is a note and no problem', () => {
    const report = reportOf(last({ more: { dbSize: '900000000', dbSizeInUse: '1000000' } }))
    expect(report.problems).toEqual([])
    expect(report.notes[0]).toMatchObject({ where: 'cp3', problem: expect.stringContaining('evcctl etcd defrag') })
  })

  test('whatever a host prints never ends the others', () => {
    const texts = fc.oneof(anyText(60), fc.constantFrom('members=0 200 W10=', 'member=0 200 e30=', 'etcd=9 000 '))
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const report = reportOf({ ...well, cp3: `${one}\n${printed('cp3')}\n${other}` })
        expect(report.members.length).toBeGreaterThan(0)
        expect(report.healthy).toBeLessThanOrEqual(report.total)
      }),
      fuzzing('answers to etcd status', 300),
    )
  })
})

describe('a restore', () => {
  const more = Object.fromEntries(
    names.map(name => [name, printed(name, { members: [...listed, { ID: '4', name: 'old', clientURLs: [] }] })]),
  )
  const answersOf = (given: Readonly<Record<string, string>>) =>
    new Map(Object.entries(given).map(([name, said]) => [name, answer(said)]))

  test('is refused while a member that no host of the file has may run on', () => {
    expect(() => refuseOthers(spec, answersOf(more), [])).toThrow(/^old: [\s\S]*--lost old/)
    expect(() => refuseOthers(spec, answersOf(more), ['old'])).not.toThrow()
    expect(() => refuseOthers(spec, answersOf(well), ['cp2'])).not.toThrow()
  })

  test('leaves it to its own refusal whether a host that is to leave may run on', () => {
    const leaving = { ...spec, leaving: [{ ...spec.hosts[0]!, name: 'old' }] }
    expect(() => refuseOthers(leaving, answersOf(more), [])).not.toThrow()
    expect(() => refuseOthers(leaving, answersOf(well), ['old'])).not.toThrow()
  })

  test('is refused where a host is named as lost that nobody knows', () => {
    expect(() => refuseOthers(spec, answersOf(well), ['cp9'])).toThrow('There is no host "cp9"')
  })
})

describe('a host is asked', () => {
  const put = (path: string, content: string) => {
    const file = host.inside(path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  const ok = (body: object) => `printf '%s\\nhttp=200\\n' '${JSON.stringify(body)}'`
  const curl = (cases: Readonly<Record<string, string>>) => {
    const branches = Object.entries(cases).map(([pattern, does]) => `${pattern}) ${does} ;;\n`)
    return `curl() {\n  case "$*" in\n${branches.join('')}*) return 7 ;;\n  esac\n}\n`
  }

  test('for its own member, at the address of its manifest', async () => {
    put('/etc/kubernetes/manifests/etcd.yaml', '    - --listen-client-urls=https://192.0.2.10:2379\n')
    const script = etcdScript(spec, spec.hosts[0]!)
    const given = {
      '*192.0.2.10:2379/health': ok({ health: 'true' }),
      '*192.0.2.10:2379/v3/maintenance/status': ok({ header: { member_id: '2' }, version: '3.6.8', dbSize: '5' }),
    }
    const { own } = readEtcdAnswer(await host.sh(curl(given) + script))
    expect([own.health.state, own.said?.version, own.said?.size, own.members]).toEqual(['ok', '3.6.8', 5, undefined])
  })

  test('for the endpoints of an etcd that somebody else runs, with the certificate that it has for it', async () => {
    const foreign = {
      ...specOf(),
      etcd: {
        topology: 'external',
        managed: false,
        endpoints: ['https://192.0.2.31:2379', 'https://192.0.2.32:2379'],
        ca: '',
        certificate: '',
        key: new Secret('x', 'key'),
      },
    } as const
    put('/etc/evcctl/etcd/client.crt', 'certificate')
    const given = {
      '*192.0.2.32:2379/health': ok({ health: 'true' }),
      '*192.0.2.32:2379/v3/cluster/member/list': ok({
        members: [{ ID: '5', name: 'x', clientURLs: foreign.etcd.endpoints }],
      }),
    }
    const raw = await host.sh(curl(given) + etcdScript(foreign, foreign.hosts[0]!))
    const report = etcdReport(foreign, new Map([['cp1', readEtcdAnswer(raw)]]))
    expect(report.members.map(({ name, host: where }) => [name, where])).toEqual([['x', 'https://192.0.2.31:2379']])
  })
})
