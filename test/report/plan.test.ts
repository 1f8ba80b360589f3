import { describe, expect, test } from 'vitest'
import { HostError, Secret, type TaskId, type Verdict } from '../../src/core/index.ts'
import { type PlanInput, planDocument, planView, renderPlan } from '../../src/report/index.ts'
import { change, freshCluster, pending, planned, subject } from './plan-fixture.ts'

const next = 'evcctl apply cluster.yaml'
const golden = (name: string) => `../goldens/report/${name}.txt`

describe('text of a plan', () => {
  test('groups hosts that share changes, by role, and ends with counts and the next command', async () => {
    const text = renderPlan(freshCluster(), subject, { next, reading: { ms: 612, exchanges: 6 } })
    await expect(text).toMatchFileSnapshot(golden('plan-fresh'))
  })

  test('has a line for each host below a change that differs by host, and at most ten of them', () => {
    const names = Array.from({ length: 12 }, (_, index) => `w${index + 1}`)
    const hostname = (host: string) => change('update', [{ field: '', before: 'debian', after: host }])
    const input = planned(names.map(host => [`${host}/os/hostname:`, hostname(host)] as const))
    const text = renderPlan(input, { ...subject, hosts: names.map(name => ({ name })) })
    expect(text).toContain('~ hostname\n          w1   debian → w1\n          w2   debian → w2\n')
    expect(text).toContain('w10  debian → w10\n          and so on for 2 more hosts\n')
  })

  test('names what made a unit restart once', () => {
    const because = ['cp1/file:/etc/x.conf' as TaskId]
    const restart = { action: 'restart', fields: [{ field: 'changed', after: '/etc/x.conf' }], because } as const
    const input = planned([
      ['cp1/os/file:/etc/x.conf', change('create', [{ field: 'content', after: 'x\n' }])],
      ['cp1/os/x.service:', { is: 'change', change: restart }],
    ])
    expect(renderPlan(input, subject)).toContain('↻ x.service    restart; changed /etc/x.conf\n')
  })

  test('breaks its lines on a narrow terminal', async () => {
    const text = renderPlan(freshCluster(), subject, { next, width: 60 })
    for (const line of text.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(66)
    await expect(text).toMatchFileSnapshot(golden('plan-narrow'))
  })

  test('shows the number of fields of a change that has too many to read, to programs as well', () => {
    const fields = Array.from({ length: 200_000 }, (_, index) => ({ field: `rule ${index}`, before: `${index}` }))
    const input = planned([['cp1/os/firewall:', change('update', fields)]])
    const text = renderPlan(input, subject)
    expect(text).toMatch(/rule 99 +99 → \(none\)\n +and 199900 more\n/)
    expect(text.length).toBeLessThan(10_000)
    expect(planView(input).changes[0]?.fields).toHaveLength(101)
  })

  test('does not compare texts line by line that have too little in common', () => {
    const before = Array.from({ length: 100_000 }, (_, index) => `${index % 10}\n`).join('')
    const after = Array.from({ length: 1_000 }, (_, index) => `setting${index}\n`).join('')
    const input = planned([['cp1/os/file:/etc/hosts', change('update', [{ field: 'content', before, after }])]])
    expect(renderPlan(input, subject)).toContain('too different to compare: 100000 lines replaced by 1000')
    const lines = renderPlan(input, subject, { diff: true }).split('\n')
    expect(lines.filter(line => line.trim() === 'and 80000 more')).toHaveLength(1)
    expect(lines.filter(line => line.includes('+setting'))).toHaveLength(1_000)
  })

  test('says nothing to do in one line', () => {
    const input = planned([
      ['cp1/os/swap:all', undefined],
      ['w1/os/swap:all', undefined],
    ])
    expect(renderPlan(input, subject)).toBe('edge-seoul: 3 hosts as described in cluster.yaml. No changes.')
  })

  test('has the notes of the run before its last words, also where there is nothing to do', () => {
    const notes = [{ host: 'w1', text: 'Its clock is ahead.' }, { text: 'Node w9 is not in the file.' }]
    const told = 'note  w1  Its clock is ahead.\n\nnote  Node w9 is not in the file.\n\n'
    const idle = planned([['cp1/os/swap:all', undefined]])
    expect(renderPlan(idle, subject, { notes })).toBe(
      `${told}edge-seoul: 3 hosts as described in cluster.yaml. No changes.`,
    )
    const busy = planned([['cp1/os/swap:all', change('update')]])
    expect(renderPlan(busy, subject, { notes })).toContain(`${told}1 to change.`)
  })

  test.each<[string, Verdict]>([
    ['a file that is new', change('create', [{ field: 'content', after: 'a: 1\npassword: pass word\n' }])],
    ['a file of somebody else', change('update', [{ field: 'content', before: 'token: abc.def\n', after: 'a: 1\n' }])],
    [
      'a value that was set by hand',
      change('update', [{ field: 'env.HTTPS_PROXY', before: 'http://me:pw1234@p', after: '' }]),
    ],
    ['a value with a telling name', change('update', [{ field: 'spec.clientSecret', before: 'old1', after: 'new1' }])],
  ])('shows no credential of %s, neither in text nor in JSON', (_, verdict) => {
    const input = planned([['cp1/os/file:/etc/x', verdict]])
    const all = renderPlan(input, subject, { diff: true }) + JSON.stringify(planDocument(input, subject, 1))
    expect(all).toContain('<hidden>')
    expect(all).not.toMatch(/pass word|abc\.def|pw1234|old1|new1/)
  })

  test('shows no credential of a note', () => {
    const note = 'on this machine: curl -H "Authorization: Bearer S3CRETVALUE" https://u:S3CRETPASS@gate/'
    const input = planned([['cp1/rolling/gate:after batch 1', change('run', [], note)]])
    const all = renderPlan(input, subject, { diff: true }) + JSON.stringify(planDocument(input, subject, 1))
    expect(all).toContain('on this machine: curl -H')
    expect(all).not.toContain('S3CRET')
  })

  test('is made once, however often it is shown', () => {
    const input = planned([['cp1/os/file:/etc/x', change('create', [{ field: 'content', after: 'a: 1\n' }])]])
    expect(planView(input).changes).toBe(planView({ ...input, batches: [['cp1']] }).changes)
  })

  test('says that a file differs in which only a credential differs', () => {
    const fields = [{ field: 'content', before: 'a\ntoken: abc\n', after: 'a\ntoken: xyz\n' }]
    expect(renderPlan(planned([['cp1/os/file:/etc/x', change('update', fields)]]), subject)).toContain(
      '/etc/x  the difference is hidden',
    )
  })

  test('says that the texts of one line differ of which only a credential is hidden', () => {
    const fields = [{ field: 'args', before: 'x --token abc --v 2', after: 'x --token xyz --v 2' }]
    expect(renderPlan(planned([['cp1/os/file:/etc/x', change('update', fields)]]), subject)).toContain(
      'x --token <hidden> --v 2 (the difference is hidden)',
    )
  })

  test('shows files line by line with diff, and as counts of lines without', async () => {
    const before = Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('')
    const after = before.replace('line 3\n', 'line three\n').replace('line 17\n', '')
    const input = planned([['cp1/os/file:/etc/x.conf', change('update', [{ field: 'content', before, after }])]])
    expect(renderPlan(input, subject)).toContain('~ /etc/x.conf  1 line added, 2 removed')
    await expect(renderPlan(input, subject, { diff: true })).toMatchFileSnapshot(golden('plan-diff'))
    const grown = planned([
      ['cp1/os/file:/etc/x.conf', change('update', [{ field: 'content', before, after: `${before}more\n` }])],
      ['w1/os/file:/etc/x.conf', change('update', [{ field: 'content', before: `${before}more\n`, after: before }])],
    ])
    expect(renderPlan(grown, subject)).toMatch(/cp1 +1 line added\n +w1 +1 line removed\n/)
  })

  test('masks secrets, also where one slipped into a text', () => {
    const secret = new Secret('hunter2-hunter2', 'sudo password')
    const input = planned([
      [
        'cp1/os/file:/etc/key',
        change('update', [{ field: 'content', before: '(7 bytes that are not shown)', after: secret }]),
      ],
      ['cp1/os/file:/etc/slip', change('update', [{ field: 'content', before: 'a\nb', after: 'a\nhunter2-hunter2' }])],
    ])
    const text = renderPlan(input, subject, { diff: true })
    expect(text).toContain('<sudo password>')
    expect(text).not.toContain('hunter2')
    expect(JSON.stringify(planDocument(input, subject, 0))).not.toContain('hunter2')
  })

  test('says what is known after apply, and from what', () => {
    const text = renderPlan(freshCluster(), subject)
    expect(text).toContain('CA hash known after apply (cp1 kubeadm init)')
  })

  test('marks what may turn out to be no change', () => {
    const from = 'cp1/file:/etc/a' as TaskId
    const field = { field: 'content', before: 'a\nb\n', after: pending(from) }
    const input = planned([
      ['cp1/os/file:/etc/a', change('create', [{ field: 'content', after: 'x\n' }])],
      [
        'w1/os/file:/etc/b',
        { is: 'known after apply', waitingOn: [from], change: { action: 'update', fields: [field] } },
      ],
    ])
    const text = renderPlan(input, subject)
    expect(text).toContain('? /etc/b  may change; known after apply (cp1 /etc/a)')
    expect(text).toContain('1 to create, 1 known after apply')
  })

  test('names hosts that could not be read, and why', () => {
    const text = renderPlan(planned([['cp1/os/swap:all', change('delete')]], ['w1']), subject, { next })
    expect(text).toContain('w1 could not be read; nothing is planned for it')
    expect(text).toContain('no connection within 10 s')
    expect(text).toContain('Is it switched on?')
  })

  test('shows no credential of an error', () => {
    const actual = 'last heard: + curl -u ada:S3CRET https://gate/\nAPI_TOKEN=S3CRET'
    const input = planned([['cp1/os/swap:all', undefined]])
    const errors = new Map([['cp1/swap:all' as TaskId, { problem: 'It cannot be read', expected: 'a', actual }]])
    const unreachable = new Map([['w1', new HostError('w1', 'protocol', { problem: 'It answers strangely', actual })]])
    const told = { ...input, errors, unreachable }
    const all = renderPlan(told, subject) + JSON.stringify(planDocument(told, subject, 1))
    expect(all).toContain('curl -u <hidden> https://gate/')
    expect(all).not.toContain('S3CRET')
  })

  test('says that a file differs of which only the ends of lines differ', () => {
    const fields = [{ field: 'content', before: 'a\r\ntoken: abc\r\n', after: 'a\ntoken: abc\n' }]
    expect(renderPlan(planned([['cp1/os/file:/etc/x', change('update', fields)]]), subject)).toContain(
      '/etc/x  2 lines added, 2 removed',
    )
  })

  test('names tasks whose state could not be read', () => {
    const input = planned([['cp1/os/swap:all', undefined]])
    const errors = new Map([['cp1/swap:all' as TaskId, { problem: 'Its current state cannot be read' }]])
    const text = renderPlan({ ...input, errors }, subject)
    expect(text).toContain('✘ cp1  swap all\n    Its current state cannot be read')
    expect(text).not.toContain('No changes.')
  })

  const [read, wanted] = ['cp1/swap:all', 'cp1/runtime:containerd'] as TaskId[]
  test.each([
    ['could not be read', [], [read], 'the tasks above could not be compared'],
    ['cannot be changed', [wanted], [wanted], 'evcctl cannot change the tasks above'],
    ['are of both kinds', [wanted], [read, wanted], 'evcctl could not compare the tasks above, or cannot change them'],
  ])('says last of tasks that %s what is true of them', (_, refused, ids, why) => {
    const input = planned([
      ['cp1/os/swap:all', undefined],
      ['cp1/os/runtime:containerd', undefined],
    ])
    const errors = new Map(ids.map(id => [id!, { problem: 'something' }]))
    const text = renderPlan({ ...input, errors, refused: new Set(refused.map(id => id!)) }, subject)
    expect(text.split('\n').at(-1)).toMatch(/hosts?; .*\. No other changes\.$/)
    expect(text.split('\n').at(-1)).toContain(`; ${why}.`)
  })

  test('shows several fields with the same new value in one line', () => {
    const fields = ['conntrack', 'ethtool'].map(field => ({ field, after: 'installed' }))
    const text = renderPlan(planned([['cp1/os/packages:apt', change('create', fields)]]), subject)
    expect(text).toContain('+ packages apt  conntrack, ethtool: installed')
  })

  test('lets no byte of a host repaint the terminal', () => {
    const evil = 'x\u001b[2Jy\u0007\u202ez'
    const input = planned([['cp1/os/hostname:', change('update', [{ field: 'now', before: evil, after: 'cp1' }])]])
    const text = renderPlan(input, subject)
    expect(text).toContain('now xy\\x07\\u202ez → cp1')
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  test('tells the restarts a change causes', () => {
    const file = 'cp1/file:/etc/containerd/config.toml' as TaskId
    const restart = { is: 'change', change: { action: 'restart', fields: [], because: [file] } } as const
    const input = planned([
      [
        'cp1/runtime/file:/etc/containerd/config.toml',
        change('update', [{ field: 'mode', before: '600', after: '644' }]),
      ],
      ['cp1/runtime/unit:containerd.service', restart],
    ])
    expect(renderPlan(input, subject)).toContain('restart; because of /etc/containerd/config.toml')
  })
})

describe('plan as data', () => {
  test('has every change with its fields, and counts that add up', () => {
    const input = freshCluster()
    const view = planView(input)
    const { counts } = view
    expect(counts).toEqual({
      create: 12,
      update: 9,
      delete: 3,
      restart: 0,
      run: 0,
      knownAfterApply: 0,
      inDesiredState: 0,
    })
    expect(view.changes).toHaveLength(input.plan.verdicts.size)
    expect(view.changes.find(one => one.title === 'kubeadm join')?.fields).toEqual([
      { field: 'CA hash', knownAfter: 'cp1 kubeadm init' },
    ])
  })

  test('survives JSON', () => {
    const document = planDocument(freshCluster(), subject, 5)
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
    expect(document).toMatchObject({ type: 'plan', at: 5, cluster: 'edge-seoul', hosts: ['cp1', 'w1', 'jetson-07'] })
  })
})

describe('the batches of running hosts', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `w${index + 1}`)
  const shown = (batches: PlanInput['batches']) => {
    const input = { ...planned([['w1/kubelet/unit:kubelet.service', change('restart')]]), ...(batches && { batches }) }
    const lines = renderPlan(input, subject).split('\n')
    return lines.filter(line => /batch/.test(line))
  }

  test('are shown in their order, with how many change at a time', () => {
    const [first, ...workers] = names(9)
    const pairs = [0, 2, 4, 6].map(at => workers.slice(at, at + 2))
    expect(shown([['cp1'], ['cp2'], [first!], ...pairs])).toEqual([
      'Running hosts change in 7 batches, each after the hosts of the batch before work with their changes',
      '  batches 1 to 3  cp1, cp2, w1                    one at a time',
      '  batches 4 to 7  w2, w3, w4, w5, w6, w7, w8, w9  up to 2 at a time',
      expect.stringContaining('later batches stay as they are'),
    ])
  })

  test('are a few lines for a thousand hosts', () => {
    const [first, ...others] = names(1000)
    expect(shown([[first!], others.slice(0, 900), others.slice(900)]).slice(1, 3)).toEqual([
      '  batch 1         w1',
      '  batches 2 to 3  w2, w3, w4 and 996 more  up to 900 at a time',
    ])
  })

  test('are not shown where one changes, or none; programs get them in any case', () => {
    expect([shown([['w1']]), shown([]), shown(undefined)]).toEqual([[], [], []])
    expect(planDocument({ ...planned([]), batches: [['cp1'], ['w1']] }, subject, 5)).toMatchObject({
      batches: [['cp1'], ['w1']],
    })
    expect(planDocument(planned([]), subject, 5).batches).toEqual([])
  })
})

test('errors, findings and notes that are the same on a thousand hosts are shown once; others stay apart', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `w${index}`)
  const error = (host: string, problem: string) => new HostError(host, 'unreachable', { where: host, problem })
  const input: PlanInput = {
    ...planned([]),
    unreachable: new Map([
      ...names.map(name => [name, error(name, 'connection refused')] as const),
      ['x1', error('x1', 'no route to host')],
    ]),
  }
  const notes = names.map(host => ({ host, text: 'It has a package of its own.' }))
  const text = renderPlan(input, { ...subject, hosts: names.map(name => ({ name })) }, { notes })
  expect(text.split('\n').length).toBeLessThan(20)
  expect(text).toContain(
    'w0, w1, w2 and 997 more could not be read; nothing is planned for them\n    connection refused',
  )
  expect(text).toContain('x1 could not be read; nothing is planned for it\n    x1: no route to host')
  expect(text).toContain('w0, w1, w2 and 997 more  It has a package of its own.')
})
