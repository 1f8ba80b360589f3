import { type ErrorDetails, presentableText, type Session, UserError } from '../../core/index.ts'
import { snapshotLimits } from '../../core/limits.ts'
import { etcdSnapshots } from '../../resources/etcd/index.ts'
import { quote } from '../../shell/quote.ts'

/** A snapshot as the script on a host describes it. */
export interface TakenSnapshot {
  readonly host: string
  /** Its archive on the host. */
  readonly path: string
  /** `20261129T083000Z` */
  readonly time: string
  readonly revision: number
  readonly keys: number
  /** Hexadecimal, as `etcdutl snapshot status` prints it. */
  readonly hash: string
  /** Size of the archive. */
  readonly bytes: number
  /** What the host found missing, in its own words. */
  readonly warnings: readonly string[]
}

/**
 * Takes a snapshot on a host with the script that its timer runs. Raises UserError with the reason if the host takes none,
 * and HostError. `at`: where the script and the snapshots are; tests name another place.
 */
export async function takeSnapshot(
  session: Session,
  signal: AbortSignal,
  at: { readonly script: string; readonly folder: string } = etcdSnapshots,
): Promise<TakenSnapshot> {
  const { host } = session
  const lines: string[] = []
  const run = `[ -x ${quote(at.script)} ] || { echo 'there is no script for it on this host' >&2; exit 3; }\n${quote(at.script)}\n`
  const steps = [{ run, timeoutMs: snapshotLimits.takeMs }]
  const { jobs } = await session.exchange(
    { jobs: [{ steps, verify: { script: ':', parse: () => undefined } }], probes: [] },
    { signal, onOutput: (_job, line) => void lines.push(line) },
  )
  const failure = jobs[0]?.failure
  if (failure !== undefined) {
    const said = presentableText(failure.stderr.trim() || failure.stdout.trim())
    const actual = said || `exit code ${failure.exitCode}`
    const next =
      failure.exitCode === 3
        ? 'Install it first: evcctl apply'
        : `See more on the host: sudo ${at.script}   or, of those on a schedule: journalctl -u ${etcdSnapshots.service} -n 50 --no-pager`
    throw refused({ where: host, problem: 'No snapshot of etcd was taken.', actual, next })
  }
  return readTaken(host, lines, at.folder)
}

/** Parses what the script prints. Raises UserError if a host prints anything else. */
export function readTaken(
  host: string,
  lines: readonly string[],
  folder: string = etcdSnapshots.folder,
): TakenSnapshot {
  const said = new Map(
    lines.flatMap(line => {
      const [, name, value] = /^([a-z0-9]+)=(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    }),
  )
  const number = (name: string) => (/^\d{1,15}$/.test(said.get(name) ?? '') ? Number(said.get(name)) : Number.NaN)
  const [revision, keys, bytes] = [number('revision'), number('keys'), number('bytes')]
  const time = said.get('time') ?? ''
  const path = said.get('snapshot') ?? ''
  const hash = said.get('hash') ?? ''
  const isWhole = /^\d{8}T\d{6}Z$/.test(time) && path === `${folder}/${time}.tar.gz` && /^[0-9a-f]{1,8}$/.test(hash)
  if (!isWhole || [revision, keys, bytes].some(Number.isNaN)) {
    throw refused({
      where: host,
      problem: 'The script for snapshots did not say what it has made.',
      expected: `lines such as snapshot=${folder}/<time>.tar.gz and revision=<number>`,
      actual: lines.slice(-10).join('\n'),
      next: 'Install it again: evcctl apply',
    })
  }
  const warnings = lines.filter(line => line.startsWith('warning=')).map(line => line.slice('warning='.length))
  return { host, path, time, revision, keys, hash, bytes, warnings }
}

function refused(details: ErrorDetails): UserError {
  return new UserError(details)
}
