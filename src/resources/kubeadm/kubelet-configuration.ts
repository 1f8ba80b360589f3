import type { FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import {
  kubeletConfigCopy,
  kubeletConfigPath,
  kubeletRecordPath,
  recordKubeletConfig,
  statePolicies,
} from '../kubelet/index.ts'
import {
  decodeFile,
  deepMerge,
  documentChanges,
  hostYaml,
  isTree,
  type KubernetesDocument,
  keptJson,
  linesOf,
  missingFrom,
  printFile,
  retried,
} from '../support/index.ts'
import { explainKubeadm } from './failure.ts'
import { withStandIn } from './stand-in.ts'

export interface KubeletFileState {
  /** False as long as the host is no node: a join writes the file. */
  readonly joined: boolean
  readonly current: unknown
  /** The document that evcctl last applied; undefined: none. */
  readonly recorded: unknown
  /** The file as kubeadm last wrote it; undefined: not known. */
  readonly written: unknown
  /** Version of the kubeadm that wrote it, without `v`; empty: not known. */
  readonly writer: string
  /** The files among these that exist and cannot be parsed: they count as missing, and are written again. */
  readonly damaged: readonly string[]
}

/** The record of the kubelet's configuration that init and join write. It shows which keys were removed from cluster.yaml. */
export function kubeletRecord(configuration: KubernetesDocument): { readonly path: string; readonly content: string } {
  return { path: kubeletRecordPath, content: `${JSON.stringify(configuration)}\n` }
}

/**
 * /var/lib/kubelet/config.yaml of a node in the cluster. It has every field of the KubeletConfiguration document, no field
 * of an earlier version of the document, none that somebody added by hand, and the defaults of kubeadm `version`. kubeadm writes it from the cluster's
 * ConfigMap kubelet-config, which has to be up to date before. The kubelet's unit has to watch the file.
 */
export function kubeletConfigurationFile(
  configuration: KubernetesDocument,
  version: string,
): Resource<KubeletFileState, { readonly configuration: KubernetesDocument; readonly version: string }> {
  const record = kubeletRecord(configuration)
  return {
    kind: 'kubelet configuration',
    name: kubeletConfigPath,
    probe: {
      script: `if [ -s /etc/kubernetes/kubelet.conf ]; then echo joined=yes; fi
${printFile('current', kubeletConfigPath)}${printFile('record', kubeletRecordPath)}${printFile('written', kubeletConfigCopy)}`,
      parse: parseState,
    },
    desired: { configuration, version },
    diff(state) {
      if (!state.joined) return undefined
      const fields = [...differences(state, configuration), ...damages(state), ...writerChanges(state, version)]
      if (fields.length === 0) return undefined
      const policy = fields.find(({ field }) => statePolicies.includes(field))
      return { action: 'update', fields, ...(policy === undefined ? {} : { note: policyNote(policy.field) }) }
    },
    converge: state => {
      const write = { write: record.path, content: record.content, mode: 0o600 }
      const onlyRecord =
        state.damaged.length > 0 &&
        state.damaged.every(path => path === record.path) &&
        writerChanges(state, version).length === 0 &&
        differences(state, configuration).length === 0
      if (onlyRecord) return [write]
      // Right after a change of the control plane the API server may not answer for a moment.
      const run = `${writeFunction}${retried('write_config', { times: 5 })}${recordKubeletConfig}`
      // Until the end, the record has the keys of both: a change that is cut off and not wanted any more is taken out. It has
      // no values: a zero there would count as left out by kubeadm, which stores those of some fields.
      const both = deepMerge(isTree(state.recorded) ? state.recorded : {}, configuration)
      const keys = JSON.stringify(both, (_key, value: unknown) => (isTree(value) ? value : null))
      return [{ ...write, content: `${keys}\n` }, { run, timeoutMs: 180_000 }, write]
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step, 'upgrade node phase kubelet-config'),
  }
}

const phase = 'kubeadm upgrade node phase kubelet-config'
const nextConfig = `${kubeletConfigPath}.evcctl`

// If the file is missing, kubeadm may write it in place: there is nothing to lose when it is cut off.
const writeFunction = `write_config() {
  if [ ! -s ${kubeletConfigPath} ]; then
    ${phase}
    return
  fi
  cp -p ${kubeletConfigPath} ${nextConfig} && ${withStandIn(nextConfig, kubeletConfigPath, phase)} || return 1
  if [ ! -s ${nextConfig} ]; then return 1; fi
  ${syncLine(nextConfig)}
  mv -fT ${nextConfig} ${kubeletConfigPath}
}
`

function policyNote(setting: string): string {
  return `what the kubelet kept under its former ${setting} is removed; pods that run have the new one when they are made again: kubectl drain, where that matters`
}

function differences(
  { current, recorded, written, damaged }: KubeletFileState,
  configuration: KubernetesDocument,
): readonly FieldChange[] {
  // A damaged record counts as unknown, and is written again completely.
  if (damaged.includes(kubeletConfigPath)) return []
  const changes = documentChanges(configuration, current ?? {}, recorded)
  const named = new Set(changes.map(({ field }) => field))
  return [...changes, ...handEdits(written, current).filter(({ field }) => !named.has(field))]
}

function damages({ damaged }: KubeletFileState): readonly FieldChange[] {
  return damaged.map(field => ({ field, before: 'damaged', after: 'written again' }))
}

// Other versions of kubeadm write other defaults.
function writerChanges({ writer }: KubeletFileState, version: string): readonly FieldChange[] {
  return writer === '' || writer === version ? [] : [{ field: 'kubeadm', before: writer, after: version }]
}

function handEdits(written: unknown, current: unknown): readonly FieldChange[] {
  if (written === undefined || current === undefined) return []
  const lost = missingFrom(written, current)
  const known = new Set(lost.map(({ field }) => field))
  const added = missingFrom(current, written).filter(({ field }) => !known.has(field))
  return [...lost, ...added.map(({ field, after }): FieldChange => ({ field, before: String(after) }))]
}

// Every node of a cluster has the same text, in two files, so each text is parsed once.
const parsed = new Map<string, unknown>()

function parseYaml(text: string): unknown {
  if (!parsed.has(text)) parsed.set(text, hostYaml(text))
  return parsed.get(text)
}

function parseState(raw: ProbeResult): KubeletFileState {
  const damaged: string[] = []
  const read = (key: string, path: string, parse: (text: string) => unknown): unknown => {
    const text = decodeFile(linesOf(raw, key)[0])
    const value = text === '' ? undefined : parse(text)
    if (text !== '' && !isTree(value)) damaged.push(path)
    return isTree(value) ? value : undefined
  }
  return {
    joined: linesOf(raw, 'joined').length > 0,
    current: read('current', kubeletConfigPath, parseYaml),
    recorded: read('record', kubeletRecordPath, keptJson),
    written: read('written', kubeletConfigCopy, parseYaml),
    writer: decodeFile(linesOf(raw, 'written')[0]).match(/^# kubeadm v([\w.+-]{1,60})$/m)?.[1] ?? '',
    damaged,
  }
}
