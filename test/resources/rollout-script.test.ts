import { expect, test } from 'vitest'
import { rollOut } from './rollout-world.ts'

const all = (...hashes: readonly string[]) => hashes.map((hash, index) => ({ node: `w${index + 1}`, hash }))
const ready = { w1: true, w2: true, w3: true } as const

test('a rollout that ends is noted, and says nothing of pods', () => {
  const { status, stderr, noted, deleted, pods } = rollOut({
    nodes: ready,
    pods: all('a', 'a', 'a'),
    revisions: ['a', 'b'],
  })
  expect({ status, stderr, noted, deleted }).toEqual({
    status: 0,
    stderr: '',
    noted: 'evcctl.dev/rolled-out=7',
    deleted: [],
  })
  expect(pods).toEqual(['w1 b', 'w2 b', 'w3 b'])
})

test('one that a node which is off holds up goes on: one pod at a time, and that node is named', () => {
  const { status, stdout, noted, deleted, pods } = rollOut({
    nodes: { ...ready, w4: 50 },
    pods: all('a', 'a', 'a', 'a'),
    revisions: ['a', 'b'],
  })
  expect(status).toBe(0)
  expect(deleted).toEqual(['pod-0', 'pod-1', 'pod-2'].toSorted().toReversed())
  expect(pods).toEqual(['w1 b', 'w2 b', 'w3 b', 'w4 a'])
  expect(stdout).toContain('ended but for nodes that are off: w4\n')
  expect(noted).toBe('evcctl.dev/rolled-out=7')
})

test('what is new may be what was there before: the highest revision counts', () => {
  const { status, deleted, pods } = rollOut({
    nodes: { ...ready, w4: 900 },
    pods: all('a', 'b', 'b', 'a'),
    revisions: ['b', 'a'],
  })
  expect([status, deleted.toSorted()]).toEqual([0, ['pod-1', 'pod-2']])
  expect(pods).toEqual(['w1 a', 'w2 a', 'w3 a', 'w4 a'])
})

test.each([false, true])(
  'a new pod that does not run ends it, with the reason; no other is replaced (flaps: %s)',
  flap => {
    const world = { pods: all('a', 'a', 'a', 'a'), revisions: ['a', 'b'], crash: ['w1', 'w2', 'w3'], flap }
    const { status, stderr, took, deleted, noted } = rollOut({ ...world, nodes: { ...ready, w4: 50 } })
    expect([status, noted]).toEqual([1, ''])
    expect(deleted).toHaveLength(1)
    expect(took).toBeGreaterThanOrEqual(300)
    expect(took).toBeLessThan(360)
    expect(stderr).toMatch(
      /^1 of 4 nodes have what is new; .*\nNodes that are off: w4\nweb-1 on w1: web: CrashLoopBackOff\n$/,
    )
  },
)

test('where no node is off, nothing is deleted', () => {
  const world = { pods: all('a', 'a', 'a'), revisions: ['a', 'b'], crash: ['w1', 'w2', 'w3'] }
  const { status, deleted, stderr } = rollOut({ ...world, nodes: ready })
  expect([status, deleted]).toEqual([1, []])
  expect(stderr).toMatch(/^1 of 3 nodes have what is new; on 2 of them/)
})

test('a node that goes off as soon as it has what is new keeps the others from it', () => {
  const { status, deleted, stderr } = rollOut({
    nodes: ready,
    pods: all('a', 'a', 'a'),
    revisions: ['a', 'b'],
    crash: ['w1', 'w2', 'w3'],
    goesOff: { w1: 1040 },
  })
  expect([status, deleted]).toEqual([1, []])
  expect(stderr).toContain('Soon after it had got what is new, this stopped, so evcctl gave it to no other: w1\n')
})

test('one that goes off with what was before does not hold up the others', () => {
  const { status, deleted, pods } = rollOut({
    nodes: { ...ready, w4: true },
    pods: all('a', 'a', 'a', 'a'),
    revisions: ['a', 'b'],
    goesOff: { w4: 1001 },
  })
  expect(status).toBe(0)
  expect(deleted.join()).not.toContain('early')
  expect(pods).toEqual(['w1 b', 'w2 b', 'w3 b', 'w4 a'])
})

test('an API server that is away for a while is waited for', () => {
  const world = { nodes: { ...ready, w4: 50 }, pods: all('a', 'a', 'a', 'a'), revisions: ['a', 'b'] }
  const { status, deleted, took } = rollOut({ ...world, away: [1010, 1200] })
  expect([status, deleted.length]).toEqual([0, 3])
  expect(took).toBeGreaterThan(200)
  const gone = rollOut({ ...world, away: [1010, 9000] })
  expect([gone.status, gone.deleted, gone.stderr]).toEqual([1, [], 'connection refused\n'])
  expect(gone.took).toBeLessThan(320)
})

test.each([
  ['a name that is an option', 'pod --all w1 a stays 2026-01-01T00:00:10Z True'],
  ['a name that is a command', 'pod $(reboot) w1 a stays 2026-01-01T00:00:10Z True'],
  ['a line that is cut', 'pod web-1'],
  ['a line of another kind', 'Error from server'],
  ['nothing', ''],
])('%s decides nothing', (_what, podLines) => {
  const { status, deleted, noted } = rollOut({
    nodes: { ...ready, w4: 50 },
    pods: all('a', 'a', 'a', 'a'),
    revisions: ['a', 'b'],
    podLines: `${podLines}\n`,
    step: 20,
  })
  expect({ status, deleted, noted }).toEqual({ status: 1, deleted: [], noted: '' })
})

test('a pod that is missing on a node that is Ready is waited for', () => {
  const { status, deleted } = rollOut({
    nodes: { ...ready, w4: 50 },
    pods: [...all('a', 'a'), { node: 'w4', hash: 'a' }],
    revisions: ['a', 'b'],
    step: 20,
  })
  expect([status, deleted]).toEqual([1, []])
})
