import { askingProbeMs } from '../../core/limits.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { cacheFolder, cachePath, type ImageStore, imageListing } from '../artifacts/index.ts'

export interface PulledImagesParameters {
  /** Version of Kubernetes, without `v`. */
  readonly version: string
  /** The images that its kubeadm names for the ClusterConfiguration. */
  readonly images: readonly string[]
  readonly store: ImageStore
  /** sha256 of the download of kubeadm: it lies on the host, or is installed. */
  readonly kubeadm: string
  /** The documents of kubeadm that choose the images, as YAML: ClusterConfiguration and InitConfiguration. */
  readonly configuration: string
}

export interface PulledImagesState {
  readonly missing: readonly string[]
}

// How long images may take on a slow line, ms.
const longestPull = 2 * 60 * 60_000

/**
 * The images of a version of Kubernetes are in the runtime of a control plane node before anything uses them. The kubeadm of
 * that version pulls them through the runtime, with all that is set there for registries; it need not be installed yet.
 */
export function pulledImages({
  version,
  images,
  store,
  kubeadm,
  configuration,
}: PulledImagesParameters): Resource<PulledImagesState, { readonly images: readonly string[] }> {
  return {
    kind: 'images',
    name: `Kubernetes ${version}`,
    probe: {
      script: imageListing(store),
      timeoutMs: askingProbeMs,
      parse: raw => ({ missing: missingIn(raw, images) }),
    },
    desired: { images },
    diff({ missing }) {
      if (missing.length === 0) return undefined
      return { action: 'create', fields: missing.map(field => ({ field, before: 'missing', after: 'pulled' })) }
    },
    converge: () => [{ run: pullScript(kubeadm), stdin: configuration, timeoutMs: longestPull }],
    explain: ({ stdout, stderr }) => ({
      problem: `The images of Kubernetes ${version} could not be pulled. What runs is as it was.`,
      actual: stderr.trim() || stdout.trim(),
      next: 'See whether the host reaches the registry and has space for images (df -h), then apply again. Mirrors: spec.runtime.registryMirrors; without a registry: spec.images.archives.',
    }),
  }
}

function missingIn({ stdout }: ProbeResult, images: readonly string[]): readonly string[] {
  const present = new Set(stdout.split('\n'))
  return images.filter(image => !present.has(image))
}

// The cache, because programs do not run from /run and /tmp where these are mounted with noexec.
function pullScript(sha256: string): string {
  const part = cachePath(sha256)
  return `umask 077
mkdir -p ${cacheFolder}
folder=$(mktemp -d ${cacheFolder}/pull.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/kubeadm.yaml"
kubeadm=kubeadm
if [ -f ${part} ]; then
  kubeadm=$folder/kubeadm
  install -m 0700 ${part} "$kubeadm"
fi
echo 'pulling images'
"$kubeadm" config images pull --config "$folder/kubeadm.yaml"
`
}
