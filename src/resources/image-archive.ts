import type { Probe, ProbeResult, Resource } from '../core/resource.ts'
import { explainDownload, sizeOf } from './download-failure.ts'
import { type FetchSource, fetchSteps } from './fetch-step.ts'

export interface ImageArchiveParameters {
  /** As a plan shows it, e.g. `pause-3.10.1.tar`. */
  readonly name: string
  readonly source: FetchSource
  readonly sha256: string
  /** Where it comes from, as a plan shows it. */
  readonly site: string
  readonly bytes?: number
}

export interface ImageArchiveState {
  /** The images of the archive, if it was ever loaded. */
  readonly images: readonly string[] | undefined
  /** Those that containerd does not have (any more). */
  readonly missing: readonly string[]
}

const imagesFolder = '/var/lib/evcctl/images'
const ctr = '/usr/local/bin/ctr --namespace k8s.io images'

// One script for all archives of a host: it runs once. A containerd that does not answer has no images.
const listing = `${ctr} list -q 2>/dev/null || :
grep -H -s '' ${imagesFolder}/* || :
`

/**
 * The images of an archive (docker save or OCI layout, not compressed or gzip) in containerd's namespace k8s.io. Which
 * images are in it is recorded when it is loaded, so that one the kubelet has removed since is seen. Needs containerd
 * to run.
 */
export function imageArchive(
  parameters: ImageArchiveParameters,
): Resource<ImageArchiveState, { readonly sha256: string }> {
  const { name, source, sha256, site, bytes } = parameters
  const size = bytes === undefined ? {} : { bytes }
  const probe: Probe<ImageArchiveState> = { script: listing, parse: raw => parseListing(raw, sha256) }
  return {
    kind: 'images',
    name,
    title: `images of ${name}`,
    probe,
    desired: { sha256 },
    diff({ images, missing }) {
      if (images !== undefined && missing.length === 0) return undefined
      const note = `${bytes === undefined ? '' : `${sizeOf(bytes)} `}from ${site}`
      if (images === undefined) return { action: 'create', fields: [{ field: 'images', after: 'loaded' }], note }
      return {
        action: 'update',
        fields: missing.map(image => ({ field: image, before: 'missing', after: 'loaded' })),
        note,
      }
    },
    converge: () => fetchSteps({ source, sha256, site, ...size }, importScript(sha256)),
    explain: failure =>
      explainDownload(failure, { url: 'url' in source ? source.url : source.file, sha256, site }) ??
      explainImport(failure.stderr, name),
  }
}

// Names of images, then lines of records with their paths; no image begins with a slash.
function parseListing({ stdout }: ProbeResult, sha256: string): ImageArchiveState {
  const lines = stdout.split('\n')
  const prefix = `${imagesFolder}/${sha256}:`
  const images = lines.flatMap(line => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []))
  const present = new Set(lines)
  if (images.length === 0) return { images: undefined, missing: [] }
  return { images, missing: images.filter(image => !present.has(image)) }
}

// The label tells which images came out of this archive: neither its format nor the way references are completed has to
// be known here. --local: the transfer service wants every platform of an index, and is slower.
function importScript(sha256: string): string {
  return `umask 077
mkdir -p ${imagesFolder}
echo "importing"
${ctr} import --local --label evcctl.dev/archive=${sha256} "$part"
${ctr} list -q 'labels."evcctl.dev/archive"==${sha256}' >${imagesFolder}/.next
if [ ! -s ${imagesFolder}/.next ]; then echo 'no images in the archive' >&2; exit 1; fi
mv -f ${imagesFolder}/.next ${imagesFolder}/${sha256}
rm -f "$part"
`
}

function explainImport(stderr: string, name: string) {
  if (/no space left on device/i.test(stderr)) {
    return {
      problem: `The disk of the host is full: ${name} could not be loaded.`,
      came: stderr.trim(),
      next: 'Free some space (/var/lib/containerd holds the images), then apply again.',
    }
  }
  if (/no images in the archive|unrecognized image format/.test(stderr)) {
    return {
      problem: `${name} is no image archive for this host.`,
      expected: 'a tar of docker save or an OCI layout, with an image of its architecture',
      came: stderr.trim(),
    }
  }
  return undefined
}
