import type { FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import { kubeletFlagsPath } from '../kubelet/index.ts'
import { decodeFile, type KubernetesDocument, linesOf, printFile } from '../support/index.ts'

/** A flag of the kubelet; the same name may occur several times. */
export interface KubeletFlag {
  /** Without `--`. */
  readonly name: string
  readonly value: string
}

export interface KubeletFlagsState {
  /** False as long as the host is no node: a join writes the file. */
  readonly joined: boolean
  readonly flags: readonly KubeletFlag[]
}

const variable = 'KUBELET_KUBEADM_ARGS'

// Flags that kubeadm adds by itself (cmd/kubeadm/app/phases/kubelet/flags.go of k8s.io/kubernetes 1.34 to 1.36).
const ofKubeadm = new Set([
  'container-runtime-endpoint',
  'hostname-override',
  'pod-infra-container-image',
  'register-with-taints',
])

/** `nodeRegistration.kubeletExtraArgs` of an InitConfiguration or JoinConfiguration. */
export function kubeletFlagsOf({ nodeRegistration }: KubernetesDocument): readonly KubeletFlag[] {
  const { kubeletExtraArgs = [] } = (nodeRegistration ?? {}) as { readonly kubeletExtraArgs?: readonly KubeletFlag[] }
  return kubeletExtraArgs.map(({ name, value }) => ({ name, value: String(value) }))
}

/**
 * /var/lib/kubelet/kubeadm-flags.env of a node in the cluster. kubeadm writes it once, when it creates the node, so later
 * changes of the node's address and of kubeletExtraArgs are made here. Flags that are neither desired nor kubeadm's own
 * are removed. The kubelet's unit has to watch the file.
 */
export function kubeletFlags(
  flags: readonly KubeletFlag[],
): Resource<KubeletFlagsState, { readonly flags: readonly KubeletFlag[] }> {
  return {
    kind: 'kubelet flags',
    name: kubeletFlagsPath,
    probe: {
      script: `if [ -s /etc/kubernetes/kubelet.conf ]; then echo joined=yes; fi
${printFile('flags', kubeletFlagsPath)}`,
      parse: parseState,
    },
    desired: { flags },
    diff({ joined, flags: current }) {
      const fields = joined ? [...changes(current, wantedFlags(current, flags))] : []
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge({ flags: current }) {
      const text = wantedFlags(current, flags).map(({ name, value }) => `--${name}=${value}`)
      const content = `${variable}=${JSON.stringify(text.join(' '))}\n`
      return [{ write: kubeletFlagsPath, content, mode: 0o644 }]
    },
  }
}

function wantedFlags(current: readonly KubeletFlag[], flags: readonly KubeletFlag[]): readonly KubeletFlag[] {
  const named = new Set(flags.map(({ name }) => name))
  return [...current.filter(({ name }) => ofKubeadm.has(name) && !named.has(name)), ...flags]
}

function* changes(current: readonly KubeletFlag[], wanted: readonly KubeletFlag[]): Iterable<FieldChange> {
  const [then, now] = [valuesOf(current), valuesOf(wanted)]
  for (const name of new Set([...now.keys(), ...then.keys()])) {
    const before = then.get(name)?.join(' ')
    const after = now.get(name)?.join(' ')
    if (before === after) continue
    yield {
      field: `--${name}`,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    }
  }
}

function valuesOf(flags: readonly KubeletFlag[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const { name, value } of flags) {
    const before = values.get(name)
    if (before === undefined) values.set(name, [value])
    else before.push(value)
  }
  return values
}

function parseState(raw: ProbeResult): KubeletFlagsState {
  const text = decodeFile(linesOf(raw, 'flags')[0])
  const quoted = new RegExp(`^${variable}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  return { joined: linesOf(raw, 'joined').length > 0, flags: splitFlags(unquoted(quoted.trim())) }
}

// kubeadm quotes as Go does; for the characters in flags that is the same as in JSON.
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text.replace(/^(["'])(.*)\1$/, '$2')
  }
}

// A word that does not begin with -- belongs to the value before it.
function splitFlags(text: string): readonly KubeletFlag[] {
  const flags: string[][] = []
  // Blanks are kept as parts, too: a value may contain several in a row.
  for (const part of text.split(/(\s+)/)) {
    if (part.startsWith('--')) flags.push([part])
    else flags.at(-1)?.push(part)
  }
  return flags
    .map(parts => /^--([^=\s]+)(?:[=\s](.*))?$/s.exec(parts.join('').trim()))
    .flatMap(match => (match === null ? [] : [{ name: match[1]!, value: match[2] ?? '' }]))
}
