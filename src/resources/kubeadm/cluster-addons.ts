import type { Change, FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { type ApiState, answersFor, apiPath, askApi, kubectl, notAnswered } from '../api/index.ts'
import { isTree, retried } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'
import { explainKubeadm } from './failure.ts'

/** The versions of the addons that kubeadm installs, as tags of their images; undefined: kubeadm does not install it. */
export interface AddonVersions {
  readonly 'kube-proxy': string | undefined
  readonly CoreDNS: string | undefined
}

export interface ClusterAddonsParameters {
  /** File on the host with the kubeadm documents. */
  readonly configuration: string
  /** Version of Kubernetes, without `v`. */
  readonly kubernetes: string
  readonly versions: AddonVersions
}

/** The version of each addon in the cluster; undefined: it is not there, or not as kubeadm makes it. */
export type ClusterAddonsState = ApiState<{ readonly versions: Partial<AddonVersions> }>

const workload = (kind: string, name: string) =>
  apiPath({ apiVersion: 'apps/v1', kind, metadata: { namespace: 'kube-system', name } })
const addons = [
  { name: 'kube-proxy', path: workload('DaemonSet', 'kube-proxy'), image: 'kube-proxy', phase: 'kube-proxy' },
  { name: 'CoreDNS', path: workload('Deployment', 'coredns'), image: 'coredns', phase: 'coredns' },
] as const
const paths = addons.map(({ path }) => path)

/**
 * kube-proxy and CoreDNS have the version that belongs to the cluster's. kubeadm writes them again, with the rights of
 * bootstrap tokens, when all API servers have their version, because no part of the cluster may be newer than an API
 * server. An addon that somebody has deleted or replaced is left alone. Runs on a control plane node.
 */
export function clusterAddons({
  configuration,
  kubernetes,
  versions,
}: ClusterAddonsParameters): Resource<ClusterAddonsState, { readonly versions: AddonVersions }> {
  return {
    kind: 'kubeadm addons',
    name: 'cluster',
    title: 'kube-proxy and CoreDNS',
    probe: surveyProbe({ asks: [askApi(kubeadmApi, paths)], parse: parseState }),
    desired: { versions },
    diff(current): Change | undefined {
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable')
        return notAnswered(current, 'their versions cannot be compared', { action: 'run' })
      const fields = outdated(current.versions, versions)
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge(current) {
      if (current.api !== 'answered') return [{ run: retried(`${kubectl(kubeadmApi, 5)} get --raw /readyz`) }]
      const changing = outdated(current.versions, versions).map(({ field }) => field)
      const config = `--config ${configuration}`
      // The rights come first: the version of an addon is what the next plan looks at.
      return [
        { run: retried(`kubeadm upgrade apply phase bootstrap-token v${kubernetes}`), timeoutMs: 120_000 },
        ...addons
          .filter(({ name }) => changing.includes(name))
          .map(({ phase }) => ({ run: retried(`kubeadm init phase addon ${phase} ${config}`), timeoutMs: 180_000 })),
      ]
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step),
  }
}

function outdated(current: Partial<AddonVersions>, wanted: AddonVersions): readonly FieldChange[] {
  return addons.flatMap(({ name }) => {
    const [before, after] = [current[name], wanted[name]]
    return before === undefined || after === undefined || before === after ? [] : [{ field: name, before, after }]
  })
}

function parseState(raw: ProbeResult): ClusterAddonsState {
  const answer = answersFor(raw, paths)
  if (answer.api !== 'answered') return answer
  const found = addons.map(({ name, image }, index) => [name, tagOf(answer.objects[index], image)] as const)
  return { api: 'answered', versions: Object.fromEntries(found) }
}

// The tag of the first container of a workload, if its image has this name.
function tagOf(object: unknown, image: string): string | undefined {
  const at = (value: unknown, key: string): unknown => (isTree(value) ? value[key] : undefined)
  const containers = ['spec', 'template', 'spec', 'containers'].reduce(at, object)
  const used = Array.isArray(containers) ? at(containers[0], 'image') : undefined
  const [, name, tag] = (typeof used === 'string' && /([^/:@]+):([\w.-]{1,128})$/.exec(used)) || []
  return name === image ? tag : undefined
}
