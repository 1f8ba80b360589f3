import type { FieldChange, ProbeResult, Step } from '../../core/resource.ts'
import { fieldsOf } from '../support/index.ts'

/** A script that puts rules in force, and the unit that runs it at boot and after each start of the firewall. */
export interface FirewallUnit {
  /** e.g. `nftables`: names script and unit. */
  readonly name: string
  /** Services that load the user's own rules and drop all others. */
  readonly services: readonly string[]
}

/** The unit as it is on a host. */
export interface FirewallUnitState {
  readonly script: string | undefined
  readonly unit: string | undefined
  readonly enabled: boolean
  readonly active: boolean
}

/** Read-only sh; see `parseUnitState`. */
export function unitStateScript({ name }: FirewallUnit): string {
  return `if [ -e ${scriptPath(name)} ]; then echo "${name}-script=$(base64 <${scriptPath(name)} | tr -d '\\n')"; fi
if [ -e ${unitPath(name)} ]; then
  echo "${name}-unit=$(base64 <${unitPath(name)} | tr -d '\\n')"
  ! systemctl is-enabled --quiet ${unitName(name)} || echo ${name}-enabled=yes
  ! systemctl is-active --quiet ${unitName(name)} || echo ${name}-active=yes
fi
`
}

export function parseUnitState(raw: ProbeResult, { name }: FirewallUnit): FirewallUnitState {
  const fields = fieldsOf(raw)
  const text = (key: string) => {
    const base64 = fields.get(`${name}-${key}`)
    return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString()
  }
  return {
    script: text('script'),
    unit: text('unit'),
    enabled: fields.get(`${name}-enabled`) === 'yes',
    active: fields.get(`${name}-active`) === 'yes',
  }
}

/** Why the rules would be missing after a boot; without a script: what is left though it has to be gone. */
export function unitFaults(
  unit: FirewallUnit,
  state: FirewallUnitState,
  script: string | undefined,
): readonly FieldChange[] {
  const isThere = state.script !== undefined || state.unit !== undefined
  if (script === undefined) return isThere ? [{ field: 'at boot', before: unitName(unit.name), after: 'nothing' }] : []
  const isSame = state.script === script && state.unit === unitFile(unit)
  if (isSame && state.enabled && state.active) return []
  return [{ field: 'at boot', ...(isThere ? { before: 'other rules' } : {}), after: 'the same rules' }]
}

/** Writes script and unit, and starts the unit, which puts the rules in force. */
export function unitSteps(unit: FirewallUnit, script: string): readonly Step[] {
  const own = unitName(unit.name)
  return [
    { run: 'umask 022\nmkdir -p /etc/evcctl\n' },
    { write: scriptPath(unit.name), content: script, mode: 0o644 },
    { write: unitPath(unit.name), content: unitFile(unit), mode: 0o644 },
    {
      run: `systemctl daemon-reload
systemctl enable --quiet ${own}
systemctl restart ${own} || { journalctl --unit=${own} --no-pager --quiet --output=cat | tail -n 20 >&2; exit 1; }
`,
      timeoutMs: 120_000,
    },
  ]
}

/** One line of sh that removes the unit and the script. */
export function unitRemoval({ name }: FirewallUnit): string {
  return `if [ -e ${unitPath(name)} ]; then systemctl disable --quiet --now ${unitName(name)}; fi
rm -f ${unitPath(name)} ${scriptPath(name)}
systemctl daemon-reload
`
}

function scriptPath(name: string): string {
  return `/etc/evcctl/firewall-${name}.sh`
}

function unitName(name: string): string {
  return `evcctl-firewall-${name}.service`
}

function unitPath(name: string): string {
  return `/etc/systemd/system/${unitName(name)}`
}

// PartOf and ReloadPropagatedFrom: when the user's rules are loaded again, `flush ruleset` deletes evcctl's rules as well.
function unitFile({ name, services }: FirewallUnit): string {
  const list = services.join(' ')
  return `# Kept by evcctl: what is changed here by hand is changed back.
[Unit]
Description=What the Kubernetes cluster needs open (${name})
After=${list}
PartOf=${list}
ReloadPropagatedFrom=${list}
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${scriptPath(name)}
ExecReload=/bin/sh ${scriptPath(name)}

[Install]
WantedBy=multi-user.target ${list}
`
}
