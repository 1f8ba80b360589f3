import type { FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { explainWrite, linesOf, replaceFile } from '../support/index.ts'
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
if [ -e /etc/fstab ]; then sed -n -E '/${swapLine}/s/^/fstab=/p' /etc/fstab; fi
`,
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
      return [{ run: parts.join(''), timeoutMs: 10 * 60_000 }]
    },
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
  }
}

function hasSwap(current: SwapState): boolean {
  return current.active.length + current.fstab.length + current.units.length > 0
}

// sed with LC_ALL=C keeps every other byte, also of a last line without line break.
function commentFstab(): string {
  return `sed -E '/${swapLine}/s/^/# /' /etc/fstab >/etc/fstab.evcctl\n${replaceFile('/etc/fstab')}`
}
