import { major, minor, parse, type SemVer } from 'semver'
import type { FieldChange, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { type ImageStore, imageStores } from '../artifacts/index.ts'
import type { ClusterDocuments } from './cluster-record.ts'
import { renewCertificatesScript } from './renewed-certificates.ts'

/** A change of the version of the static pods of a control plane node. */
export interface Upgrade {
  /** The version that they have, without `v`. */
  readonly from: string
  /** Whether a member of the stacked etcd belongs to them. */
  readonly etcd: boolean
}

interface Standing {
  /** Version of the API server of this node, without `v`; empty: not known. */
  readonly version: string
}

function wantedVersion({ cluster }: ClusterDocuments): string {
  return String(cluster.kubernetesVersion).replace(/^v/, '')
}

/** The upgrade of a control plane node that the documents ask for. */
export function upgradeIn({ version: from }: Standing, documents: ClusterDocuments): { readonly upgrade?: Upgrade } {
  if (from === '' || from === wantedVersion(documents)) return {}
  const { external } = (documents.cluster.etcd ?? {}) as { readonly external?: unknown }
  return { upgrade: { from, etcd: external === undefined } }
}

/**
 * The change of the version, if it is one that Kubernetes does not support: to an older version, or by more than one minor
 * (https://kubernetes.io/releases/version-skew-policy/). `passed`: a version that the API server has by then, because another task
 * comes first; undefined: it has the one that was read.
 */
export function impossibleUpgrade(
  { version: from }: Standing,
  documents: ClusterDocuments,
  passed?: string,
): readonly FieldChange[] {
  const [then, now] = [later(parse(from), parse(passed)), parse(wantedVersion(documents))]
  if (then === null || now === null) return []
  const isNext = major(now) === major(then) && minor(now) - minor(then) <= 1
  return isNext && now.compare(then) >= 0
    ? []
    : [{ field: 'kubernetesVersion', before: `v${then.version}`, after: `v${now.version}` }]
}

function later(one: SemVer | null, other: SemVer | null): SemVer | null {
  return one === null || other === null || one.compare(other) >= 0 ? one : other
}

/** What an upgrade needs to know about a node. */
export interface UpgradeOrder {
  /** File on the host with the kubeadm documents. */
  readonly configuration: string
  readonly store: ImageStore
}

// How long images may take on a slow line, ms.
const longestPull = 2 * 60 * 60_000

/**
 * What has to be there before the static pods of a control plane node end: their images, and new certificates, which they
 * read when they start, as with `kubeadm upgrade`.
 */
export function upgradeSteps({ configuration, store }: UpgradeOrder): readonly Step[] {
  const config = quote(configuration)
  return [
    { run: imagesScript(config, store), timeoutMs: longestPull },
    { run: renewCertificatesScript(config), timeoutMs: 120_000 },
  ]
}

// kubeadm pulls what is there already, too, so it is asked only where an image is missing.
function imagesScript(config: string, store: ImageStore): string {
  return `images() {
  ${imageStores[store].list.trimEnd().replaceAll('\n', '\n  ')}
}
there=$(images)
for image in $(kubeadm config images list --config ${config}); do
  if ! printf '%s\\n' "$there" | grep -q -x -F -e "$image"; then
    echo "pulling images, $image among them"
    kubeadm config images pull --config ${config}
    break
  fi
done
`
}
