import { type AppliedRecord, appliedRecordPath, encodeRecord, taskKey, wantedDigest } from '../core/applied-record.ts'
import { HostError } from '../core/errors.ts'
import type { Graph } from '../core/task.ts'
import type { ApplyResult } from './apply.ts'
import { connect, exchange } from './exchange.ts'
import { Lanes } from './lanes.ts'
import type { Run } from './run.ts'

/** The records of hosts before an apply, and who writes the next ones. */
export interface RecordOptions {
  /** By host; undefined where there is none. */
  readonly records: ReadonlyMap<string, AppliedRecord | undefined>
  /** Version of evcctl. */
  readonly version: string
  /** Name of the run. */
  readonly id: string
  /** Whether hosts have more tasks than the graph: what is on record of those stays. Default: false. */
  readonly isPart?: boolean
}

/**
 * Records on each host what its tasks wanted that this apply has verified: changed by it, or found in desired state. It asks only
 * hosts where that differs from their record. A task that did not end well keeps what is on record of it, since that is what was last
 * verified. A host that cannot be written to is told in a note: the run does not fail because of it.
 */
export async function recordApplied(
  graph: Graph,
  result: ApplyResult,
  run: Run,
  options: RecordOptions,
): Promise<void> {
  const lanes = new Lanes(run.parallel)
  const changed = [...Map.groupBy(graph.tasks.values(), ({ host }) => host)].flatMap(([host, tasks]) => {
    if (result.failedHosts.has(host)) return []
    const before = options.records.get(host)?.tasks ?? new Map<string, string>()
    const after = new Map<string, string>(options.isPart === true ? before : [])
    for (const { id, resource } of tasks) {
      const key = taskKey(resource)
      const wanted = result.wanted.get(id)
      const digest = wanted === undefined ? before.get(key) : wantedDigest(wanted)
      if (digest !== undefined) after.set(key, digest)
    }
    return isSame(before, after) ? [] : [{ host, tasks: after }]
  })
  await Promise.all(changed.map(({ host, tasks }) => lanes.run(host, () => write(host, tasks, run, options))))
}

// A host without the folder is none that evcctl has set up. A line that a power cut makes incomplete counts as no record.
const writeScript = `[ -d ${folderOf(appliedRecordPath)} ] || exit 0
umask 077
cat >${appliedRecordPath}.new
mv -fT ${appliedRecordPath}.new ${appliedRecordPath}
`

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

async function write(
  host: string,
  tasks: ReadonlyMap<string, string>,
  run: Run,
  { version, id }: RecordOptions,
): Promise<void> {
  const content = `${encodeRecord({ version, run: id, at: Date.now(), tasks })}\n`
  const steps = [{ run: writeScript, stdin: content }]
  const job = { steps, verify: { script: ':', parse: () => undefined } }
  const tell = (why: string) =>
    run.emit({
      type: 'note',
      host,
      text: `It could not be recorded what was applied there, so evcctl check will not tell drift: ${why}`,
    })
  try {
    const reply = await exchange(run, await connect(run, host), { jobs: [job], probes: [] })
    const failure = reply.jobs[0]?.failure
    if (failure !== undefined) tell(failure.stderr.trim() || `exit code ${failure.exitCode}`)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    if (!run.abort.aborted) tell(error.details.problem)
  }
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, digest]) => other.get(key) === digest)
}
