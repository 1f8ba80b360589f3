import type { FieldChange, Resource, Step } from '../../core/resource.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { explainWrite, linesOf, printSettings } from '../support/index.ts'

export interface KernelModulesParameters {
  /** Module names, `-` and `_` meaning the same. */
  readonly names: readonly string[]
  /** File that makes them load at boot (modules-load.d(5)). Default `/etc/modules-load.d/evcctl.conf`. */
  readonly file?: string
}

export interface KernelModulesState {
  /** `module`: loaded, and can be unloaded; `built in`: the kernel contains it. */
  readonly present: ReadonlyMap<string, 'module' | 'built in'>
  /** Names in the file. */
  readonly atBoot: ReadonlySet<string>
}

export interface KernelModulesDesired {
  readonly names: readonly string[]
}

// Paths that show that the kernel has the feature, if neither /sys/module nor modules.builtin knows the module's name.
const features: Readonly<Record<string, string>> = {
  br_netfilter: '[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]',
  nf_conntrack: '[ -e /proc/sys/net/netfilter/nf_conntrack_max ]',
  overlay: "grep -qw 'overlay$' /proc/filesystems",
}

const notLoaded = 'cannot load kernel module '

/** Kernel modules, now and at boot. A module that is built into the kernel counts as loaded, and is not loaded at boot. */
export function kernelModules(parameters: KernelModulesParameters): Resource<KernelModulesState, KernelModulesDesired> {
  const { file = '/etc/modules-load.d/evcctl.conf' } = parameters
  const names = [...new Set(parameters.names.map(name => name.replaceAll('-', '_')))].sort()
  return {
    kind: 'kernel modules',
    name: file,
    probe: {
      script: probeScript(names, file),
      parse(raw) {
        const present = linesOf(raw, 'present').map(line => line.split(' ', 2) as [string, string])
        return {
          present: new Map(present.map(([name, how]) => [name, how === 'module' ? 'module' : 'built in'])),
          atBoot: new Set(linesOf(raw, 'boot').map(name => name.trim().replaceAll('-', '_'))),
        }
      },
    },
    desired: { names },
    diff(current) {
      const fields = changes(current, names)
      if (fields.length === 0) return undefined
      return { action: current.atBoot.size === 0 ? 'create' : 'update', fields }
    },
    converge(current) {
      const steps: Step[] = []
      const missing = names.filter(name => !current.present.has(name))
      if (missing.length > 0) steps.push({ run: loadScript(missing) })
      const list = wantedAtBoot(current, names)
      steps.push(
        { run: 'umask 022\nmkdir -p /etc/modules-load.d' },
        { write: file, content: `# Kept by evcctl.\n${list.map(name => `${name}\n`).join('')}`, mode: 0o644 },
      )
      return steps
    },
    // Modules stay loaded until the next boot: other programs may use them.
    removal: {
      left: current => changes(current, []),
      steps: () => [{ run: `rm -f ${quote(file)}` }],
    },
    explain(failure) {
      const name = new RegExp(`${notLoaded}(\\S+)`).exec(failure.stderr)?.[1]
      if (name === undefined) return explainWrite(failure, file)
      return {
        problem: `The kernel of the host has no module ${name}, nor is it built in.`,
        actual: failure.stderr.trim(),
        next: 'After a kernel update the old modules are gone: reboot. On a board with its own kernel, install its modules package.',
      }
    },
  }
}

function changes(current: KernelModulesState, names: readonly string[]): FieldChange[] {
  const fields: FieldChange[] = []
  for (const name of names) {
    if (!current.present.has(name)) fields.push({ field: name, before: 'not loaded', after: 'loaded, now and at boot' })
    else if (current.present.get(name) === 'module' && !current.atBoot.has(name)) {
      fields.push({ field: name, before: 'loaded until the next boot', after: 'loaded at boot' })
    }
  }
  for (const name of current.atBoot) {
    if (!names.includes(name)) fields.push({ field: name, before: 'loaded at boot', after: 'not loaded at boot' })
  }
  return fields
}

function wantedAtBoot(current: KernelModulesState, names: readonly string[]): readonly string[] {
  return names.filter(name => current.present.get(name) !== 'built in')
}

function probeScript(names: readonly string[], file: string): string {
  const looks = names.map(name => `look ${quote(name)} ${quote(features[name] ?? 'false')}\n`).join('')
  return `read -r release </proc/sys/kernel/osrelease
builtin=/lib/modules/$release/modules.builtin
look() {
  if [ -e "/sys/module/$1/initstate" ]; then echo "present=$1 module"
  elif [ -e "/sys/module/$1" ] || eval "$2"; then echo "present=$1 built-in"
  elif [ -e "$builtin" ] && tr - _ <"$builtin" | grep -q "/$1\\.ko"; then echo "present=$1 built-in"
  fi
}
${looks}${printSettings('boot', file)}`
}

function loadScript(names: readonly string[]): string {
  return `for name in ${quoteAll(names)}; do modprobe -- "$name" || { echo "${notLoaded}$name" >&2; exit 1; }; done`
}
