/** What the timer runs, and how often. Paths are absolute. */
export interface TimerJob {
  readonly cluster: string
  readonly file: string
  /** The program of Node, and the script of evcctl that it runs. */
  readonly node: string
  readonly script: string
  /** Where the metrics are written; undefined: nowhere, then a host that differs makes the service fail. */
  readonly metrics: string | undefined
  /** Time between two checks, s. */
  readonly everySeconds: number
  /** Whether the units belong to the whole system, not to a user. */
  readonly system: boolean
}

/** The first line of each unit that evcctl writes: without it, a file is somebody else's. */
export const unitMark = '# Written by evcctl check --install-timer, and removed by evcctl check --uninstall-timer.'

/** Names of the units of a cluster. */
export function unitNames(cluster: string): { readonly service: string; readonly timer: string } {
  return { service: `evcctl-check@${cluster}.service`, timer: `evcctl-check@${cluster}.timer` }
}

/** The content of each unit, by its name. Pure. */
export function timerUnits(job: TimerJob): ReadonlyMap<string, string> {
  const { service, timer } = unitNames(job.cluster)
  return new Map([
    [service, serviceText(job)],
    [timer, timerText(job)],
  ])
}

function serviceText({ cluster, file, node, script, metrics, system }: TimerJob): string {
  const output = metrics === undefined ? [] : ['--output', 'prometheus', '--file', metrics]
  const command = [node, script, 'check', file, ...output].map(quoted).join(' ')
  // The manager of a user has no such target.
  const online = system ? 'Wants=network-online.target\nAfter=network-online.target\n' : ''
  // The metrics say which hosts differ. Without them the failed unit says it: systemctl --failed.
  const differs = metrics === undefined ? '' : 'SuccessExitStatus=2\n'
  return `${unitMark}
[Unit]
Description=evcctl: look for drift on the hosts of ${cluster}
${online}
[Service]
Type=oneshot
ExecStart=${command}
${differs}TimeoutStartSec=30min
`
}

function timerText({ cluster, everySeconds }: TimerJob): string {
  // Several clusters on one machine are not checked in the same second.
  const delay = Math.ceil(everySeconds / 20)
  return `${unitMark}
[Unit]
Description=evcctl: look for drift on the hosts of ${cluster}, regularly

[Timer]
OnActiveSec=1min
OnUnitActiveSec=${everySeconds}s
RandomizedDelaySec=${delay}s

[Install]
WantedBy=timers.target
`
}

// systemd.syntax(7), systemd.service(5): % and $ are special within quotes, too.
function quoted(word: string): string {
  const escaped = word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')
  return `"${escaped}"`
}
