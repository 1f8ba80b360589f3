import type { ProbeResult, Resource } from '../../core/resource.ts'
import { caHashesOf } from '../pki/index.ts'
import { decodeFile, linesOf, printFile, refuse } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'

export interface ClusterOfHostParameters {
  /** The name of the cluster that the host has to belong to. */
  readonly cluster: string
  /** Path of cluster.yaml, for messages. */
  readonly file: string
}

export interface ClusterOfHostState {
  /** The CA certificate hashes of the cluster whose node the host is; none if it is no node. */
  readonly caHashes: readonly string[]
  /** The name of its cluster, as the credentials of an administrator have it; undefined where there are none. */
  readonly cluster: string | undefined
}

/** In the place of a CA certificate hash where there is no CA: no certificate has it. */
export const noCaHash = `sha256:${'0'.repeat(64)}`

/**
 * Which cluster a host belongs to. It writes nothing, and is refused if the cluster has another name: then the file names an
 * address of another cluster. Gives the hashes of the cluster's CAs, one of which every other node has to have.
 */
export function clusterOfHost({
  cluster,
  file,
}: ClusterOfHostParameters): Resource<ClusterOfHostState, object, { readonly caHashes: readonly string[] }> {
  return {
    kind: 'cluster',
    name: 'identity',
    title: 'cluster of the host',
    probe: { script: probeScript, parse },
    desired: {},
    diff(current) {
      if (current.cluster === undefined || current.cluster === cluster) return undefined
      return refuse({
        where: `${file} metadata.name`,
        problem: 'The host belongs to another cluster. Nothing was changed on any host.',
        expected: `a node of the cluster ${cluster}`,
        actual: `a node of the cluster ${current.cluster}`,
        next: 'Correct the address of the host in the file, or use the file of its own cluster.',
      })
    },
    converge: () => [{ run: 'echo "this is refused" >&2\nexit 1\n' }],
    output: ({ caHashes }) => ({ caHashes: caHashes.length === 0 ? [noCaHash] : caHashes }),
  }
}

// The names of the clusters in a kubeconfig file; kubeadm writes one.
const probeScript = `${printFile('ca', kubeadmApi.ca)}if [ -f ${kubeadmApi.adminConf} ]; then
  awk '/^clusters:/ { on = 1; next } /^[a-zA-Z]/ { on = 0 } on && /^ +name: / { print "cluster=" $2 }' ${kubeadmApi.adminConf}
fi
`

function parse(raw: ProbeResult): ClusterOfHostState {
  return {
    caHashes: caHashesOf(decodeFile(linesOf(raw, 'ca')[0])),
    cluster: linesOf(raw, 'cluster')[0]?.replace(/^["'](.*)["']$/, '$1'),
  }
}
