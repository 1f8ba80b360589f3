import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { z } from 'zod'
import {
  artifactDownload,
  defineRole,
  directory,
  file,
  helmRelease,
  installedArtifact,
  type NetworkOutputs,
  type Task,
} from '../../src/index.ts'
import { ciliumValues } from './values.ts'

const parameters = z.strictObject({
  chart: artifactDownload,
  helm: artifactDownload,
  /** Folder of the program in helm's archive, e.g. `linux-amd64`. */
  helmFolder: z.string(),
  kubeProxyReplacement: z.boolean(),
  /** `host:port` of the API on every node. */
  endpoint: z.string(),
  /** How many nodes there are: where there is but one, so is Cilium's operator. */
  nodes: z.number(),
  /** Laid over the values. */
  values: z.record(z.string(), z.unknown()),
  /** What downloads need. */
  downloadAfter: z.array(z.custom<Task>()),
  /** Done when there is a control plane, on whose first node the role runs. */
  controlPlane: z.custom<Task>(),
})

export type CiliumParameters = z.output<typeof parameters>

const folder = '/etc/evcctl/cilium'

/** The pod network Cilium, as the release of upstream's own Helm chart. */
export const cilium = defineRole<CiliumParameters, NetworkOutputs>({
  name: 'cilium',
  params: parameters,
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
})
