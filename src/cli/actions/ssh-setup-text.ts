import { count, errorTexts, type Paint, printable, table } from '../../report/index.ts'
import type { Machine, Progress, SetupOutcome } from '../../ssh/index.ts'

export interface SetupTextOptions {
  readonly file: string
  readonly dryRun: boolean
  readonly paint: Paint
  /** As given with --identity-file. */
  readonly identityFile?: string
}

const header = ['HOST', 'HOST KEY', 'KEY', 'LOGIN', 'ROOT']

/** The keys, the table of machines, then the errors, then what to do next. */
export function setupText(outcome: SetupOutcome, options: SetupTextOptions): string {
  const { machines } = outcome
  const { paint } = options
  const lines = [...identityLines(outcome), '', ...table([header, ...machines.map(machine => row(machine, paint))])]
  const errors = machines.flatMap(({ progress }) => progress.error ?? [])
  for (const text of errorTexts(errors)) lines.push('', printable(text))
  lines.push('', ...verdict(outcome, options))
  return lines.join('\n')
}

/** One line of NDJSON for a machine; docs/commands.md documents it. */
export function setupAsData({ name, jumpHost, endpoint, identityFile, progress }: Machine): object {
  const { error, ...steps } = progress
  const { host, port, user } = endpoint
  return {
    type: 'ssh:setup',
    host: name,
    jumpHost,
    address: host,
    port,
    user,
    identityFile,
    ok: isUsable(progress),
    ...steps,
    ...(error === undefined ? {} : { error }),
  }
}

// A machine is usable if the login works and, unless it is only a jump host, so does root.
function isUsable({ login, root, error }: Progress): boolean {
  return error === undefined && login === 'ok' && root !== 'not tried'
}

function identityLines({ identities }: SetupOutcome): string[] {
  return identities.map(({ file, made, fingerprint }) => {
    if (!made) return `key ${file}  ${fingerprint}`
    return fingerprint === undefined ? `key ${file}  to be made` : `key ${file}  ${fingerprint}, made now`
  })
}

function row({ name, jumpHost, progress }: Machine, paint: Paint): string[] {
  const cell = (state: string, good: boolean, shown = state): string => {
    if (state === 'failed') return paint.bad('✘ failed')
    if (state === 'not tried') return paint.faint('-')
    return good ? paint.good(`✔ ${shown}`.trimEnd()) : paint.changed(shown)
  }
  const { hostKey, key, login, root } = progress
  const becameRoot = ['root', 'sudo', 'sudo with password'].includes(root)
  return [
    jumpHost ? `${name} (jump host)` : name,
    cell(hostKey, hostKey !== 'to be recorded'),
    cell(key, key !== 'to be installed'),
    cell(login, true, ''),
    root === 'not needed' ? paint.faint('not needed') : cell(root, becameRoot),
  ]
}

function verdict({ machines, identities }: SetupOutcome, options: SetupTextOptions): string[] {
  const { file, dryRun, identityFile } = options
  const hosts = machines.filter(({ jumpHost }) => !jumpHost)
  const good = hosts.filter(({ progress }) => isUsable(progress)).length
  const wrote =
    identities.some(({ made }) => made) ||
    machines.some(({ progress }) => progress.hostKey === 'recorded' || progress.key === 'installed')
  if (dryRun) {
    const again = `evcctl ssh setup ${file}${identityFile === undefined ? '' : ` --identity-file ${identityFile}`}`
    return [`${good} of ${count(hosts.length, 'host')} can be worked on. Nothing was written. To do this: ${again}`]
  }
  const named =
    identityFile === undefined ? [] : [`Let cluster.yaml name this key: spec.ssh.identityFile: ${identityFile}`]
  if (good < hosts.length) return [`${good} of ${count(hosts.length, 'host')} can be worked on.`, ...named]
  const what = wrote ? '' : ' already; nothing was written'
  return [`${count(good, 'host')} of ${hosts.length} can be worked on${what}. Next: evcctl ping ${file}`, ...named]
}
