import type { FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { beforePath, explainWrite, linesOf, printSettings, recordBefore, replaceFile } from '../support/index.ts'
import { askUnits, shownUnits } from '../systemd/index.ts'

export interface SwapState {
  /** Devices and files in use as swap now. */
  readonly active: readonly string[]
  /** Lines of /etc/fstab that enable swap at boot. */
  readonly fstab: readonly string[]
  /** Units of type swap that systemd knows, e.g. created by a generator for a partition or zram. */
  readonly units: readonly string[]
  /** Enabled services that turn swap on by themselves. */
  readonly services: readonly string[]
  readonly targetMasked: boolean
  /** Lines that evcctl has commented out of /etc/fstab, or that somebody else has in the same way, without the comment sign. */
  readonly commented: readonly string[]
  /** What evcctl has switched off; everything is empty if that was not recorded. */
  readonly before: {
    readonly active: readonly string[]
    readonly fstab: readonly string[]
    readonly services: readonly string[]
    /** Whether swap.target was masked already. */
    readonly targetMasked: boolean
  }
}

// Units that call swapon themselves: Raspberry Pi OS up to 12, Debian's zram-tools, Ubuntu's zram-config, NVIDIA's
// Jetson Linux, Armbian. Newer ones use systemd's own swap units, which swap.target pulls in.
const swapServices = [
  'dphys-swapfile.service',
  'zramswap.service',
  'zram-config.service',
  'nvzramconfig.service',
  'armbian-zram-config.service',
]

const swapTarget = 'swap.target'

// The third field of an fstab line is the type (fstab(5)); a line that begins with # is a comment.
const swapLine = '^[[:space:]]*[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap([[:space:]]|$)'

/**
 * No swap, now and after the next boot: the kubelet refuses to start with it (failSwapOn). Lines of /etc/fstab are
 * commented out, the rest of the file stays as it is; swap.target is masked, so that no generator brings it back.
 */
export function swapOff(): Resource<SwapState, Record<never, never>> {
  return {
    kind: 'swap',
    name: 'off',
    title: 'swap',
    probe: surveyProbe({
      asks: [askUnits([swapTarget, ...swapServices, '*.swap'])],
      rest: `{
  read -r heading
  while IFS= read -r line; do printf 'active=%s\\n' "$line"; done
} </proc/swaps
if [ -e /etc/fstab ]; then sed -n -E -e '/${swapLine}/s/^/fstab=/p' -e '/${swapLine.replace('^', '^# ')}/s/^# /commented=/p' /etc/fstab; fi
${printSettings('before', beforePath('swap'))}`,
      parse: parseSwap,
    }),
    desired: {},
    diff(current) {
      const fields: FieldChange[] = current.active.map(device => ({ field: device, before: 'swap', after: 'off' }))
      for (const line of current.fstab) fields.push({ field: '/etc/fstab', before: line, after: `# ${line}` })
      for (const unit of current.services) fields.push({ field: unit, before: 'enabled', after: 'disabled' })
      if (hasSwap(current) && !current.targetMasked) {
        fields.push({ field: 'swap.target', before: 'started at boot', after: 'masked' })
      }
      return fields.length === 0 ? undefined : { action: 'delete', fields }
    },
    // Settings for the boot come first: if the run is cut off after them, the next boot has no swap, and the next plan sees it.
    converge(current) {
      const parts: string[] = []
      if (current.fstab.length > 0) parts.push(commentFstab())
      if (current.services.length > 0) parts.push(`systemctl disable --now -- ${current.services.join(' ')}\n`)
      if (!current.targetMasked) parts.push('systemctl mask -- swap.target\n')
      if (current.fstab.length > 0) parts.push('systemctl daemon-reload\n')
      if (current.active.length > 0) parts.push('swapoff -a\n')
      return [
        { run: recordBefore('swap'), stdin: recordOf(current) },
        { run: parts.join(''), timeoutMs: 10 * 60_000 },
      ]
    },
    removal: { left: formerSwap, steps: putBack },
    explain(failure) {
      if (/swapoff failed: Cannot allocate memory/.test(failure.stderr)) {
        return {
          problem: 'Swap cannot be switched off: what is in it does not fit into memory.',
          actual: failure.stderr.trim(),
          next: 'Stop what uses the memory, or reboot (swap stays off then), and apply again.',
        }
      }
      if (/swapoff/.test(failure.stderr)) {
        return {
          problem: 'Swap cannot be switched off.',
          actual: failure.stderr.trim(),
          next: 'In a container, swap belongs to the machine that runs it: set spec.os.disableSwap: false and kubeletConfiguration.failSwapOn: false.',
        }
      }
      return explainWrite(failure, '/etc/fstab')
    },
  }
}

function parseSwap(raw: ProbeResult): SwapState {
  const shown = shownUnits(raw).map(fields => ({ id: fields.get('Id'), file: fields.get('UnitFileState') }))
  return {
    active: linesOf(raw, 'active').map(line => line.split(/\s/)[0]!),
    fstab: linesOf(raw, 'fstab'),
    units: shown.flatMap(({ id }) => (id?.endsWith('.swap') === true ? [id] : [])),
    services: swapServices.filter(name => shown.some(({ id, file }) => id === name && file === 'enabled')),
    targetMasked: shown.some(({ id, file }) => id === swapTarget && file === 'masked'),
    commented: linesOf(raw, 'commented'),
    before: parseRecord(linesOf(raw, 'before')),
  }
}

function recordOf({ active, fstab, services, targetMasked }: SwapState): string {
  const lines = [
    ...active.map(device => `active ${device}`),
    ...fstab.map(line => `fstab ${line}`),
    ...services.map(unit => `service ${unit}`),
    ...(targetMasked ? ['masked'] : []),
  ]
  return lines.map(line => `${line}\n`).join('')
}

function parseRecord(lines: readonly string[]): SwapState['before'] {
  const of = (kind: string) => lines.flatMap(line => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []))
  return {
    active: of('active'),
    fstab: of('fstab'),
    services: of('service').filter(unit => swapServices.includes(unit)),
    targetMasked: lines.length === 0 || lines.includes('masked'),
  }
}

// A line that somebody has changed since is not put back.
function linesToPutBack({ commented, before }: SwapState): readonly string[] {
  const now = new Set(commented)
  return before.fstab.filter(line => now.has(line))
}

function formerSwap(current: SwapState): readonly FieldChange[] {
  const { active, services, targetMasked, before } = current
  const fields: FieldChange[] = []
  for (const line of linesToPutBack(current)) fields.push({ field: '/etc/fstab', before: `# ${line}`, after: line })
  if (targetMasked && !before.targetMasked) {
    fields.push({ field: swapTarget, before: 'masked', after: 'started at boot' })
  }
  for (const unit of before.services) {
    if (!services.includes(unit)) fields.push({ field: unit, before: 'disabled', after: 'enabled' })
  }
  const on = new Set(active)
  // What was only switched on by hand stays off.
  if (fields.length === 0) return []
  return [
    ...fields,
    ...before.active.filter(device => !on.has(device)).map(device => ({ field: device, before: 'off', after: 'swap' })),
  ]
}

function putBack(current: SwapState): readonly Step[] {
  const { targetMasked, before } = current
  const parts: string[] = []
  const lines = linesToPutBack(current)
  // awk reads the lines first, then the file.
  if (lines.length > 0) {
    const rewrite = 'NR == FNR { was["# " $0] = 1; next } $0 in was { $0 = substr($0, 3) } { print }'
    parts.push(`awk '${rewrite}' - /etc/fstab >/etc/fstab.evcctl\n${replaceFile('/etc/fstab')}`)
  }
  if (targetMasked && !before.targetMasked) parts.push(`systemctl unmask -- ${swapTarget}\n`)
  parts.push('systemctl daemon-reload\n')
  if (before.services.length > 0) parts.push(`systemctl enable --now -- ${before.services.join(' ')}\n`)
  if (before.active.length > 0) parts.push(`swapon -a\nsystemctl start -- ${swapTarget}\n`)
  return [{ run: parts.join(''), stdin: lines.map(line => `${line}\n`).join(''), timeoutMs: 10 * 60_000 }]
}

function hasSwap(current: SwapState): boolean {
  return current.active.length + current.fstab.length + current.units.length > 0
}

// sed with LC_ALL=C keeps every other byte, also of a last line without line break.
function commentFstab(): string {
  return `sed -E '/${swapLine}/s/^/# /' /etc/fstab >/etc/fstab.evcctl\n${replaceFile('/etc/fstab')}`
}
