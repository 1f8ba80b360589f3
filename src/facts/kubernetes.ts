import { valid } from 'semver'
import type { FactModule } from '../core/facts.ts'
import { expectThat } from './checks.ts'
import type { DistributionFacts } from './distribution.ts'

export interface KubernetesFacts {
  readonly kubernetes: {
    /** Whether the credentials of a node exist. */
    readonly kubeletConf: boolean
    /** Whether the credentials of the cluster's administrator exist. */
    readonly adminConf: boolean
    /** Whether it is a control plane node: all files of an API server exist, and no creation or removal was interrupted. */
    readonly controlPlane: boolean
    /** Version of its API server, without `v`; undefined: it has none, or it is not known. */
    readonly apiServer?: string
    /**
     * Version, without `v`, of the API server that the next apply puts back before anything else, because a change of the static
     * pods was cut off; undefined: none was.
     */
    readonly formerApiServer?: string
    /**
     * The tag of the image of its stacked etcd, or of the one that the next apply puts back; undefined: it has none, or it is not known.
     */
    readonly etcdTag?: string
    /**
     * How long ago the manifest of its stacked etcd was put in its place, ms, by the clock of the host; undefined: it has none, or
     * it is not known.
     */
    readonly etcdPlacedMs?: number
    /** Version of the kubelet that evcctl installed last, without `v`. It may not run yet. */
    readonly kubelet?: string
    /** A rotation of the cluster's CA that is under way on it; undefined: none is, or it is no control plane node. */
    readonly caRotation?: {
      /** sha256 of the next CA's certificate, hex. */
      readonly next: string
      /** Whether its controller manager has files of its own for the CAs, as long as `ca.crt` may have two. */
      readonly apart: boolean
      /** Whether its `ca.crt` has the CA that is replaced. */
      readonly trustsFormer: boolean
      /** Whether it has the key of the next CA, in whichever place. */
      readonly hasKey: boolean
    }
    /** Whether it has a cross certificate, by which whoever trusts the CA before the present one accepts its API server. */
    readonly crossCertificate?: true
  }
}

function versionIn<K extends string>(lines: readonly string[], part: K): { readonly [key in K]?: string } {
  const version = lines.find(line => line.startsWith(`${part}=`))?.slice(part.length + 1)
  if (version === undefined || version === '') return {}
  expectThat(valid(version) !== null, `its version of ${part}`, version)
  return { [part]: version } as { readonly [key in K]?: string }
}

// Of a tag that no registry takes, nothing is known.
function tagIn(lines: readonly string[]): { readonly etcdTag?: string } {
  const [tag] = lines.flatMap(line => /^etcdTag=(\w[\w.-]{0,127})$/.exec(line)?.[1] ?? [])
  return tag === undefined ? {} : { etcdTag: tag }
}

// A clock that was set back makes it negative, and says nothing.
function placedIn(lines: readonly string[]): { readonly etcdPlacedMs?: number } {
  const seconds = lines.find(line => line.startsWith('etcdPlaced='))?.slice('etcdPlaced='.length)
  if (seconds === undefined) return {}
  expectThat(/^-?\d{1,12}$/.test(seconds), 'the age of its manifest of etcd', seconds)
  return seconds.startsWith('-') ? {} : { etcdPlacedMs: Number(seconds) * 1000 }
}

function rotationIn(lines: readonly string[]): Pick<KubernetesFacts['kubernetes'], 'caRotation' | 'crossCertificate'> {
  const next = lines.find(line => line.startsWith('caRotation='))?.slice('caRotation='.length)
  const cross = lines.includes('crossCertificate') ? ({ crossCertificate: true } as const) : {}
  if (next === undefined) return cross
  expectThat(/^[0-9a-f]{64}$/.test(next), "the CA that takes the place of the cluster's", next)
  const says = (line: string) => lines.includes(line)
  const [apart, trustsFormer, hasKey] = [says('caFilesApart'), says('trustsFormerCa'), says('nextCaKey')]
  return { ...cross, caRotation: { next, apart, trustsFormer, hasKey } }
}

/**
 * Whether a control plane node is dropping the former CA of a rotation: it does not trust it any more, or its controller manager reads the
 * cluster's own files again.
 */
export function dropsFormerCa({ caRotation }: KubernetesFacts['kubernetes']): boolean {
  return caRotation !== undefined && !(caRotation.trustsFormer && caRotation.apart)
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
        ...versionIn(lines, 'apiServer'),
        ...versionIn(lines, 'formerApiServer'),
        ...tagIn(lines),
        ...placedIn(lines),
        ...versionIn(lines, 'kubelet'),
        ...(lines.includes('control-plane') ? rotationIn(lines) : {}),
      },
    }
  },
})
