import type { FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import { kubeletFlagsPath } from '../kubelet/index.ts'
import { decodeFile, type KubernetesDocument, linesOf, printFile } from '../support/index.ts'

/** A flag of the kubelet; one name may come several times. */
export interface KubeletFlag {
  /** Without `--`. */
  readonly name: string
  readonly value: string
}

export interface KubeletFlagsState {
  /** False as long as the host is no node: joining writes the file. */
  readonly joined: boolean
  readonly flags: readonly KubeletFlag[]
}

const variable = 'KUBELET_KUBEADM_ARGS'

// What kubeadm adds by itself (cmd/kubeadm/app/phases/kubelet/flags.go of k8s.io/kubernetes 1.34 to 1.36).
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
 * /var/lib/kubelet/kubeadm-flags.env of a node that is in the cluster: kubeadm writes it when the node is made and never
 * again, so later changes of the node's address and of kubeletExtraArgs are made here. Flags that are neither wanted nor
 * kubeadm's own are taken out. The kubelet's unit has to watch the file.
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

// kubeadm quotes as Go does, which for all that is in a flag is as JSON does.
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text.replace(/^(["'])(.*)\1$/, '$2')
  }
}

// What does not begin with -- goes on with the value before it.
function splitFlags(text: string): readonly KubeletFlag[] {
  const flags: string[][] = []
  // Blanks are parts, too: a value may have several in a row.
  for (const part of text.split(/(\s+)/)) {
    if (part.startsWith('--')) flags.push([part])
    else flags.at(-1)?.push(part)
  }
  return flags
    .map(parts => /^--([^=\s]+)(?:[=\s](.*))?$/s.exec(parts.join('').trim()))
    .flatMap(match => (match === null ? [] : [{ name: match[1]!, value: match[2] ?? '' }]))
}
