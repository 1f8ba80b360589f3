import { beforeEach, expect, test, vi } from 'vitest'
import { cluster } from '../../playbooks/cluster.ts'
import { apply } from '../../src/cli/actions/apply.ts'
import { exitCodes, HostError, UserError } from '../../src/core/index.ts'

const given = vi.hoisted(() => ({
  calls: [] as string[],
  stop: new AbortController(),
  lost: new AbortController(),
  lock: { outdated: false, unquiet: false, lost: undefined as UserError | undefined },
  lostAtEnd: undefined as UserError | undefined,
  unfenced: new Map<string, HostError>(),
  failedHosts: new Map<string, HostError>(),
  silent: [] as unknown[],
  lookedUp: false,
  recording: undefined as UserError | undefined,
  changes: true,
  refusedAgain: false,
}))

const record = vi.hoisted(() => () => {
  given.calls.push('record')
  if (given.recording !== undefined) throw given.recording
})

// What there is around the action: hosts, a lock that another run had meanwhile, and a terminal.
vi.mock('../../src/cli/run/cluster-run.ts', () => ({
  withClusterRun: (_options: unknown, work: (cluster: unknown) => unknown) =>
    work({
      spec: { name: 'lab', file: 'cluster.yaml', leaving: [], hosts: [{ name: 'w1' }] },
      id: 'run',
      view: { startedAt: 0 },
      lock: given.lookedUp ? { record, summary: 'Recorded in cluster.lock.yaml: kubelet 1.37.2.' } : undefined,
      run: { emit: () => undefined, stop: given.stop.signal },
      aside: (print: () => unknown) => print(),
    }),
}))
vi.mock('../../src/cli/run/evaluate-cluster.ts', () => ({
  exitCodeOf: () => 0,
  evaluateCluster: async (_cluster: unknown, silent: unknown) => {
    given.calls.push('read')
    given.silent.push(silent)
    const evaluation = {
      plan: { verdicts: new Map() },
      refused: new Set(given.refusedAgain && given.silent.length > 1 ? ['w1/file:x'] : []),
      unreachable: new Map(),
    }
    return { evaluation, voters: ['w1'], seen: { generation: 4, counted: new Map(), busy: false } }
  },
}))
vi.mock('../../src/cli/run/show-plan.ts', () => ({
  showPlan: async () => given.changes,
  anythingToDo: () => given.changes,
}))
vi.mock('../../src/cli/terminal/ask.ts', async original => {
  const { Writable } = await import('node:stream')
  const ask = await original<typeof import('../../src/cli/terminal/ask.ts')>()
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const confirm: typeof ask.confirm = (question, options) => {
    given.calls.push('ask')
    return ask.confirm(question, { ...options, output })
  }
  return { ...ask, canAsk: () => true, confirm }
})
vi.mock('../../src/engine/index.ts', async original => ({
  ...(await original<typeof import('../../src/engine/index.ts')>()),
  fenceHosts: async () => {
    given.calls.push('fence')
    return given.unfenced
  },
  apply: async () => {
    given.calls.push('write')
    return { summary: { failed: 0, skipped: 0 }, ends: new Map(), failedHosts: given.failedHosts }
  },
  recordApplied: async () => void given.calls.push('keep'),
  withLock: async (_voters: unknown, run: object, _options: unknown, work: (lock: object) => unknown) => ({
    result: await work({ ...given.lock, run: { ...run, stop: given.lost.signal, writer: { lost: given.lock.lost } } }),
    lost: given.lostAtEnd,
  }),
}))

const options = {
  file: 'cluster.yaml',
  operation: cluster,
  output: 'json',
  diff: false,
  parallel: 1,
  yes: true,
} as const

beforeEach(() => {
  given.calls.length = 0
  given.stop = new AbortController()
  given.lost = new AbortController()
  given.lock = { outdated: false, unquiet: false, lost: undefined }
  given.unfenced = new Map()
  given.failedHosts = new Map()
  given.lostAtEnd = undefined
  given.silent.length = 0
  given.lookedUp = false
  given.recording = undefined
  given.changes = true
  given.refusedAgain = false
})

test('hosts are fenced before they are read again, also where the run before has given its lock back', async () => {
  given.lock.outdated = true
  expect(await apply(options)).toBe(exitCodes.ok)
  expect(given.calls).toEqual(['read', 'fence', 'read', 'write', 'keep'])
})

test('a host where an earlier run may still be at work is not read again, so that nothing is written to it', async () => {
  given.lock.unquiet = true
  given.unfenced = new Map([['w1', new HostError('w1', 'timed out', { where: 'w1', problem: 'it hangs' })]])
  await apply(options)
  expect(given.silent).toEqual([undefined, given.unfenced])
})

test('a lock that is lost while hosts are fenced is what the run ends with', async () => {
  given.lock.unquiet = true
  given.lock.lost = new UserError({ problem: 'Another run has taken the lock over.' })
  await expect(apply(options)).rejects.toBe(given.lock.lost)
  expect(given.calls).toEqual(['read', 'fence'])
})

test.each([
  ['by itself', false, exitCodes.failed],
  ['after the user has stopped the run, which counts more', true, exitCodes.cancelled],
])('a lock that is lost while the run writes is told: %s', async (_, stopped, exitCode) => {
  given.lostAtEnd = new UserError({ where: 'cp1', problem: 'Another run has taken the lock over.' })
  if (stopped) given.stop.abort()
  await expect(apply(options)).rejects.toMatchObject({ exitCode, details: given.lostAtEnd.details })
})

test.each([
  ['fenced', exitCodes.failed],
  ['unfit', exitCodes.failed],
  ['lost', exitCodes.unreachable],
] as const)('what a host that is %s lets a run end with', async (kind, exitCode) => {
  given.failedHosts = new Map([['w1', new HostError('w1', kind, { where: 'w1', problem: 'it is' })]])
  expect(await apply(options)).toBe(exitCode)
})

test('where nobody was at work in between, nothing is read twice', async () => {
  expect(await apply(options)).toBe(exitCodes.ok)
  expect(given.calls).toEqual(['read', 'write', 'keep'])
})

test('an operation that takes a cluster away leaves no record of what was applied', async () => {
  expect(await apply({ ...options, record: false })).toBe(exitCodes.ok)
  expect(given.calls).toEqual(['read', 'write'])
})

test('a question ends when the run is stopped, by kill as well as by ^C', async () => {
  const applied = apply({ ...options, output: 'text', yes: false })
  await vi.waitFor(() => expect(given.calls).toContain('ask'))
  given.stop.abort()
  await expect(applied).rejects.toMatchObject({ exitCode: exitCodes.cancelled })
  expect(given.calls).toEqual(['read', 'ask'])
})

test('a question that is asked again ends with the lock, and says why', async () => {
  given.lock.outdated = true
  // As if the first question was answered.
  const applied = apply({
    ...options,
    get yes() {
      return !given.calls.includes('fence')
    },
  })
  await vi.waitFor(() => expect(given.calls).toContain('ask'))
  const taken = new UserError({ problem: 'Another run has taken the lock over.' })
  given.lost.abort(taken)
  await expect(applied).rejects.toBe(taken)
  expect(given.calls).not.toContain('write')
})

test('nobody is asked a second time for what a task has refused meanwhile', async () => {
  given.lock.outdated = true
  given.refusedAgain = true
  await apply({
    ...options,
    get yes() {
      return !given.calls.includes('fence')
    },
  })
  // The engine then throws the reasons of the refusals.
  expect(given.calls.slice(0, 4)).toEqual(['read', 'fence', 'read', 'write'])
})

test('what was looked up is recorded before anything is written to a host', async () => {
  given.lookedUp = true
  expect(await apply(options)).toBe(exitCodes.ok)
  expect(given.calls).toEqual(['read', 'record', 'write', 'keep'])
})

test('it is not recorded while the question is open', async () => {
  given.lookedUp = true
  const applied = apply({ ...options, output: 'text', yes: false })
  await vi.waitFor(() => expect(given.calls).toContain('ask'))
  given.stop.abort()
  await expect(applied).rejects.toMatchObject({ exitCode: exitCodes.cancelled })
  expect(given.calls).not.toContain('record')
})

test('it is recorded as well where hosts have nothing to change', async () => {
  given.lookedUp = true
  given.changes = false
  expect(await apply(options)).toBe(exitCodes.ok)
  expect(given.calls).toEqual(['read', 'record'])
})

test('where it cannot be recorded, nothing is written', async () => {
  given.lookedUp = true
  given.recording = new UserError({ problem: 'The lock file cannot be written.' })
  await expect(apply(options)).rejects.toBe(given.recording)
  expect(given.calls).not.toContain('write')
})
