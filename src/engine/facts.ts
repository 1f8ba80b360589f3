import { beginningOf } from '../core/cut.ts'
import { HostError } from '../core/errors.ts'
import type { FactModule, FactsOf, HostReading } from '../core/facts.ts'
import { limits, sizeText } from '../core/limits.ts'
import { probeTimedOut, probeTooLong } from '../core/resource.ts'
import { type Attendance, attendedBy } from './company.ts'
import { connect, exchange } from './exchange.ts'
import { parseFacts } from './facts-parse.ts'
import { factsScript } from './facts-script.ts'
import { forEachHost } from './hosts.ts'
import { type LockState, parseLockState } from './lock-state.ts'
import type { Run } from './run.ts'
import { late, messageOf } from './task-errors.ts'
import { clean, tail } from './text.ts'

const shownOfTooLong = 200

/** The facts of all hosts that answered. */
export interface GatheredFacts<Facts> {
  /** In the order of the hosts asked for. */
  readonly facts: ReadonlyMap<string, Facts>
  /** The hosts that could not be read, and why. */
  readonly failed: ReadonlyMap<string, HostError>
  /** The state of the run lock according to each host; see seenLock(). */
  readonly locks: ReadonlyMap<string, LockState>
}

/** The facts that are to be read. */
export interface FactsWanted<Modules extends readonly FactModule[], Asked extends object> {
  /** The modules for every host. */
  readonly modules: Modules
  /** Further modules for one host. Default: none. */
  readonly askedOf?: (host: string) => readonly FactModule<Asked>[]
}

/** Reads every host in one exchange, as many hosts at once as the run allows. Hosts that fail are returned, not thrown. */
export async function gatherFacts<const Modules extends readonly FactModule[], Asked extends object = object>(
  hosts: readonly string[],
  run: Run,
  { modules, askedOf = () => [] }: FactsWanted<Modules, Asked>,
): Promise<GatheredFacts<HostReading & FactsOf<Modules> & Partial<Asked>>> {
  const { read, failed } = await forEachHost(
    hosts.map(host => [host, undefined] as const),
    run,
    (host, _, attendance) => readHost(host, run, attendance, modules, askedOf(host)),
  )
  return {
    facts: new Map([...read].map(([host, { facts }]) => [host, facts])),
    failed,
    locks: new Map([...read].map(([host, { lock }]) => [host, lock])),
  }
}

async function readHost<Modules extends readonly FactModule[], Asked extends object>(
  host: string,
  run: Run,
  attendance: Attendance,
  modules: Modules,
  asked: readonly FactModule<Asked>[],
): Promise<{ readonly facts: HostReading & FactsOf<Modules> & Partial<Asked>; readonly lock: LockState }> {
  const session = await connect(run, host)
  const script = factsScript(modules, asked)
  const timeoutMs = [...modules, ...asked].reduce((sum, module) => sum + (module.timeoutMs ?? 0), limits.factsMs)
  const probe = { script, timeoutMs, maxBytes: limits.factsBytes, parse: () => undefined }
  const sentAt = Date.now()
  const reply = await exchange(run, session, { jobs: [], probes: [probe] }, attendedBy(attendance, run))
  const receivedAt = Date.now()
  await attendance.answered()
  const raw = reply.results[0]!
  if (raw.exitCode === probeTimedOut) {
    const details = { where: host, problem: 'Its facts could not be read', ...late(raw, timeoutMs) }
    throw new HostError(host, 'timed out', details)
  }
  if (raw.exitCode === probeTooLong) {
    throw new HostError(host, 'protocol', {
      where: host,
      problem: 'Its facts cannot be used: they are too long',
      expected: `at most ${sizeText(limits.factsBytes)}`,
      actual: `more; they begin with:\n${beginningOf(clean(raw.stdout || raw.stderr), shownOfTooLong)}`,
      next: `Find out what the host has so many of, e.g. on ${host}: wc -l /proc/net/route /proc/net/tcp; ip -o addr show | wc -l`,
    })
  }
  try {
    const facts = parseFacts(host, raw.stdout, { sentAt, receivedAt }, modules, asked)
    return { facts, lock: parseLockState(raw.stdout) }
  } catch (cause) {
    throw new HostError(
      host,
      'protocol',
      {
        where: host,
        problem: `Its facts could not be read: ${messageOf(cause)}`,
        actual: `exit code ${raw.exitCode}\n${tail(raw.stderr) || tail(raw.stdout)}`,
      },
      { cause },
    )
  }
}
