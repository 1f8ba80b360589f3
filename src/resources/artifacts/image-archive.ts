import { askingProbeMs } from '../../core/limits.ts'
import type { Probe, ProbeResult, Resource } from '../../core/resource.ts'
import { explainDownload, sizeOf } from './download-failure.ts'
import { type FetchSource, fetchSteps } from './fetch-step.ts'
import { type ImageStore, imageStores, imagesFolder, nextRecord } from './image-stores.ts'

export interface ImageArchiveParameters {
  /** The runtime that loads the images. */
  readonly store: ImageStore
  /** The name that the plan shows, e.g. `pause-3.10.1.tar`. */
  readonly name: string
  readonly source: FetchSource
  readonly sha256: string
  /** The source that the plan shows. */
  readonly site: string
  readonly bytes?: number
}

export interface ImageArchiveState {
  /** The images of the archive, if it was ever loaded. */
  readonly images: readonly string[] | undefined
  /** The images that the runtime does not have (any more). */
  readonly missing: readonly string[]
}

/**
 * A probe script that prints the images that a runtime has, a line each, and then lines of the records of archives, which begin
 * with a slash. It is one script for all probes of a host, so that it runs once. A runtime that does not answer has no images.
 */
export function imageListing(store: ImageStore): string {
  return `${imageStores[store].list}grep -H -s '' ${imagesFolder}/* || :
`
}

/**
 * The images of an archive (docker save, with containerd also an OCI layout; not compressed or gzip), loaded into the
 * runtime's store for Kubernetes. The names of its images are recorded when the archive is loaded, so that the next plan
 * sees when the kubelet has removed one. The runtime has to run.
 */
export function imageArchive(
  parameters: ImageArchiveParameters,
): Resource<ImageArchiveState, { readonly sha256: string }> {
  const { store, name, source, sha256, site, bytes } = parameters
  const size = bytes === undefined ? {} : { bytes }
  const probe: Probe<ImageArchiveState> = {
    script: imageListing(store),
    timeoutMs: askingProbeMs,
    parse: raw => parseListing(raw, sha256),
  }
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
    converge: () => fetchSteps({ source, sha256, site, ...size }, importScript(store, sha256)),
    explain: failure =>
      explainDownload(failure, { ...('url' in source ? source : { url: source.file }), sha256, site }) ??
      explainImport(failure.stderr, name, store),
  }
}

// The probe prints names of images, then lines of records with their paths; no image name begins with a slash.
function parseListing({ stdout }: ProbeResult, sha256: string): ImageArchiveState {
  const lines = stdout.split('\n')
  const prefix = `${imagesFolder}/${sha256}:`
  const images = lines.flatMap(line => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []))
  const present = new Set(lines)
  if (images.length === 0) return { images: undefined, missing: [] }
  return { images, missing: images.filter(image => !present.has(image)) }
}

// An archive that could not be loaded stays for the next try, which spares a slow link; but not on a nearly full disk.
const removedWhenFull = `keep_or_remove() {
  free=$(df -Pk "$part" 2>/dev/null | awk 'NR == 2 { print $4 }')
  if [ "\${free:-0}" -lt 1048576 ]; then rm -f "$part"; fi
}
trap keep_or_remove EXIT
`

function importScript(store: ImageStore, sha256: string): string {
  return `umask 077
mkdir -p ${imagesFolder}
${removedWhenFull}echo "importing"
${imageStores[store].load(sha256)}if [ ! -s ${nextRecord} ]; then echo 'no images in the archive' >&2; exit 1; fi
# Once they are on record nobody looks for what is left of the download, so that goes before.
rm -f "$part"
mv -fT ${nextRecord} ${imagesFolder}/${sha256}
`
}

function explainImport(stderr: string, name: string, store: ImageStore) {
  const { folder, formats } = imageStores[store]
  if (/no space left on device/i.test(stderr)) {
    return {
      problem: `The disk of the host is full: ${name} could not be loaded.`,
      actual: stderr.trim(),
      next: `Free some space (${folder} holds the images), then apply again.`,
    }
  }
  if (/no images in the archive|unrecognized image format/.test(stderr)) {
    return {
      problem: `${name} is no image archive for this host.`,
      expected: `${formats}, with an image of its architecture`,
      actual: stderr.trim(),
    }
  }
  return undefined
}
