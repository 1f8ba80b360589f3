import type { FactModule } from '../core/facts.ts'
import type { DistributionFacts } from './distribution.ts'

export interface KubernetesFacts {
  readonly kubernetes: {
    /** Whether the credentials of a node exist. */
    readonly kubeletConf: boolean
    /** Whether the credentials of the cluster's administrator exist. */
    readonly adminConf: boolean
    /** Whether it is a control plane node: all files of an API server exist, and no creation or removal was interrupted. */
    readonly controlPlane: boolean
  }
}

/** Whether the host is a node of a cluster. */
export const kubernetesFacts = ({ node }: DistributionFacts): FactModule<KubernetesFacts> => ({
  script: `at kubernetes
${node}`,
  parse(sections) {
    const lines = sections('kubernetes')
    return {
      kubernetes: {
        kubeletConf: lines.includes('kubelet.conf'),
        adminConf: lines.includes('admin.conf'),
        controlPlane: lines.includes('control-plane'),
      },
    }
  },
})
