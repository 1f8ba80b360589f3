import { parse } from 'yaml'
import type { FieldChange, ProbeResult, Resource } from '../core/resource.ts'
import { syncLine } from '../shell/on-disk.ts'
import { documentChanges } from './document-changes.ts'
import type { KubernetesDocument } from './kubeadm-documents.ts'
import { explainKubeadm } from './kubeadm-failure.ts'
import { decodeFile, printFile } from './kubeadm-state.ts'
import { kubeletConfigCopy, kubeletConfigPath, kubeletRecordPath, recordKubeletConfig } from './kubelet-files.ts'
import { statePolicies } from './kubelet-service.ts'
import { linesOf } from './probe-output.ts'
import { withStandIn } from './stand-in.ts'
import { missingFrom } from './subset.ts'

export interface KubeletFileState {
  /** False as long as the host is no node: joining writes the file. */
  readonly joined: boolean
  readonly current: unknown
  /** What evcctl made of it last; undefined: nothing. */
  readonly recorded: unknown
  /** As kubeadm wrote it last; undefined: not known. */
  readonly written: unknown
}

/** The record that init and join leave of the kubelet's configuration, so that a key taken out of cluster.yaml is seen. */
export function kubeletRecord(configuration: KubernetesDocument): { readonly path: string; readonly content: string } {
  return { path: kubeletRecordPath, content: `${JSON.stringify(configuration)}\n` }
}

/**
 * /var/lib/kubelet/config.yaml of a node that is in the cluster: has every field of the KubeletConfiguration document,
 * none that an earlier version of it had, and none that somebody wrote into it by hand. kubeadm writes it from the cluster's kubelet-config ConfigMap, which has
 * to be up to date before. The kubelet's unit has to watch it.
 */
export function kubeletConfigurationFile(
  configuration: KubernetesDocument,
): Resource<KubeletFileState, { readonly configuration: KubernetesDocument }> {
  const record = kubeletRecord(configuration)
  return {
    kind: 'kubelet configuration',
    name: kubeletConfigPath,
    probe: {
      script: `if [ -s /etc/kubernetes/kubelet.conf ]; then echo joined=yes; fi
${printFile('current', kubeletConfigPath)}${printFile('record', kubeletRecordPath)}${printFile('written', kubeletConfigCopy)}`,
      parse: parseState,
    },
    desired: { configuration },
    diff({ joined, current, recorded, written }) {
      if (!joined) return undefined
      const changes = documentChanges(configuration, current ?? {}, recorded)
      const named = new Set(changes.map(({ field }) => field))
      const fields = [...changes, ...handEdits(written, current).filter(({ field }) => !named.has(field))]
      if (fields.length === 0) return undefined
      const policy = fields.find(({ field }) => statePolicies.includes(field))
      return { action: 'update', fields, ...(policy === undefined ? {} : { note: policyNote(policy.field) }) }
    },
    converge: () => [
      // Right after a change of the control plane the API may be away for a moment.
      {
        run: `${writeFunction}tries=0
until write_config; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 5 ]; then exit 1; fi
  sleep 2
done
${recordKubeletConfig}`,
        timeoutMs: 180_000,
      },
      { write: record.path, content: record.content, mode: 0o600 },
    ],
    explain: failure => explainKubeadm(failure, 'upgrade node phase kubelet-config'),
  }
}

const phase = 'kubeadm upgrade node phase kubelet-config'
const nextConfig = `${kubeletConfigPath}.evcctl`

// One that is not there leaves no hole when it is cut off.
const writeFunction = `write_config() {
  if [ ! -s ${kubeletConfigPath} ]; then
    ${phase}
    return
  fi
  cp -p ${kubeletConfigPath} ${nextConfig} && ${withStandIn(nextConfig, kubeletConfigPath, phase)} || return 1
  if [ ! -s ${nextConfig} ]; then return 1; fi
  ${syncLine(nextConfig)}
  mv -f ${nextConfig} ${kubeletConfigPath}
}
`

function policyNote(setting: string): string {
  return `what the kubelet kept under its former ${setting} is removed; pods that run have the new one when they are made again: kubectl drain, where that matters`
}

function handEdits(written: unknown, current: unknown): readonly FieldChange[] {
  if (written === undefined || current === undefined) return []
  const lost = missingFrom(written, current)
  const known = new Set(lost.map(({ field }) => field))
  const added = missingFrom(current, written).filter(({ field }) => !known.has(field))
  return [...lost, ...added.map(({ field, after }): FieldChange => ({ field, before: String(after) }))]
}

// Every node of a cluster has the same text, and has it twice.
const parsed = new Map<string, unknown>()

function parseYaml(text: string): unknown {
  if (!parsed.has(text)) parsed.set(text, parse(text))
  return parsed.get(text)
}

function parseState(raw: ProbeResult): KubeletFileState {
  const text = decodeFile(linesOf(raw, 'current')[0])
  const record = decodeFile(linesOf(raw, 'record')[0])
  const written = decodeFile(linesOf(raw, 'written')[0])
  return {
    joined: linesOf(raw, 'joined').length > 0,
    current: text === '' ? undefined : parseYaml(text),
    recorded: record === '' ? undefined : JSON.parse(record),
    written: written === '' ? undefined : parseYaml(written),
  }
}
