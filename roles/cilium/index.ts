import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import {
  type ApiAccess,
  type ArtifactDownload,
  directory,
  file,
  helmRelease,
  installedArtifact,
  type NetworkOutputs,
  type Role,
  type Task,
} from '../../src/index.ts'
import { ciliumValues } from './values.ts'

export interface CiliumParameters {
  readonly api: ApiAccess
  readonly chart: ArtifactDownload
  readonly helm: ArtifactDownload
  /** Folder of the program in helm's archive, e.g. `linux-amd64`. */
  readonly helmFolder: string
  readonly kubeProxyReplacement: boolean
  /** `host:port` of the API on every node. */
  readonly endpoint: string
  /** Number of nodes: on a single node, Cilium's operator has one replica. */
  readonly nodes: number
  /** Merged into the values of the chart. */
  readonly values: Readonly<Record<string, unknown>>
  /** Done when the host can download. */
  readonly downloadAfter: readonly Task[]
  /** Done when there is a control plane. The role runs on its first node. */
  readonly controlPlane: Task
}

const folder = '/etc/evcctl/cilium'

/** The pod network Cilium, installed as a release of upstream's own Helm chart. */
export const cilium: Role<CiliumParameters, NetworkOutputs> = {
  name: 'cilium',
  declare(scope, params) {
    const made = scope.add(directory({ path: folder, mode: 0o755 }))
    const helm = scope.add(
      installedArtifact({
        name: 'helm',
        ...params.helm,
        install: { members: { [`${params.helmFolder}/helm`]: '/usr/local/bin/helm' } },
      }),
      { after: params.downloadAfter },
    )
    const chartPath = `${folder}/chart.tgz`
    const chart = scope.add(
      installedArtifact({ name: 'cilium-chart', ...params.chart, install: { data: chartPath } }),
      { after: [...params.downloadAfter, made] },
    )
    const content = stringify(ciliumValues(params), { lineWidth: 0 })
    const valuesPath = `${folder}/values.yaml`
    const values = scope.add(file({ path: valuesPath, mode: 0o600, content }), { after: [made] })
    const applied = scope.add(
      helmRelease({
        api: params.api,
        name: 'cilium',
        namespace: 'kube-system',
        helm: '/usr/local/bin/helm',
        chart: { path: chartPath, version: params.chart.version, sha256: params.chart.sha256 },
        values: { path: valuesPath, sha256: createHash('sha256').update(content).digest('hex') },
      }),
      { after: [helm, chart, values, params.controlPlane] },
    )
    return { applied, daemonSet: { namespace: 'kube-system', name: 'cilium' } }
  },
}
