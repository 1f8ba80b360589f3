import { join } from 'node:path'
import PQueue from 'p-queue'
import { type Artifact, type ArtifactName, artifact } from '../../src/catalog/index.ts'
import { fingerprint } from './cache.ts'
import type { Arch } from './image-archive.ts'
import type { Pins } from './module-file.ts'
import { megabytes, type Progress } from './progress.ts'
import type { Stamps } from './stamps.ts'
import { download } from './upstream.ts'

export interface Downloads {
  readonly artifacts: readonly Artifact[]
  /** The mirror's folder. */
  readonly folder: string
  readonly stamps: Stamps
  readonly progress: Progress
}

/**
 * The artifacts of these versions in the catalog: everything that a cluster needs except images, which nodes pull
 * themselves.
 */
export function upstreamArtifacts(pins: Required<Pins>, arch: Arch): readonly Artifact[] {
  // Other pod networks than flannel, and other runtimes than containerd, are tested by hand.
  const versions: Partial<Record<ArtifactName, string>> = {
    kubelet: pins.kubernetes,
    kubeadm: pins.kubernetes,
    kubectl: pins.kubernetes,
    containerd: pins.containerd,
    runc: pins.runc,
    'cni-plugins': pins.cniPlugins,
    etcd: pins.etcd,
  }
  return Object.entries(versions).map(([name, version]) => artifact(name as ArtifactName, version, arch))
}

/** The artifacts that are missing in the mirror, or differ from those of upstream. */
export async function missingDownloads({ artifacts, stamps }: Downloads): Promise<Artifact[]> {
  const missing: Artifact[] = []
  for (const wanted of artifacts) {
    if ((await stamps.fresh(wanted.path, inputsOf(wanted))) === undefined) missing.push(wanted)
  }
  return missing
}

/** Downloads artifacts into the mirror, three at a time, and stamps each when it is finished. */
export async function downloadArtifacts(artifacts: readonly Artifact[], downloads: Downloads): Promise<void> {
  const { folder, stamps, progress } = downloads
  progress.say(`downloading ${artifacts.length} files from upstream`)
  const lanes = new PQueue({ concurrency: 3 })
  await lanes.addAll(
    artifacts.map(wanted => async () => {
      const { name, version, path, url, sha256 } = wanted
      if (sha256 === undefined) throw new Error(`the catalog has no sha256 of ${name} ${version}: ${url}`)
      await stamps.forget(path)
      await download(url, join(folder, path), sha256)
      const { size } = await stamps.finish(path, inputsOf(wanted))
      progress.say(`${path} (${megabytes(size)})`)
    }),
  )
}

function inputsOf({ sha256 }: Artifact): string {
  return fingerprint(['upstream', sha256])
}
