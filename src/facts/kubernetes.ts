import type { FactModule } from '../core/facts.ts'
import type { DistributionFacts } from './distribution.ts'

export interface KubernetesFacts {
  readonly kubernetes: {
    /** Whether the credentials of a node exist. */
    readonly kubeletConf: boolean
    /** Whether the credentials of the cluster's administrator exist. */
    readonly adminConf: boolean
    /** Whether it is a control plane node: all of an API server is there, and nothing that makes or removes a node was cut off. */
    readonly controlPlane: boolean
  }
}

/** What the host is to the cluster. */
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
