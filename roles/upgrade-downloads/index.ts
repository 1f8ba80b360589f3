import {
  type ArtifactDownload,
  type FetchSource,
  fetchedArtifact,
  imageArchive,
  type PulledImagesParameters,
  pulledImages,
  type Role,
  type RuntimeName,
  type Task,
} from '../../src/index.ts'

export interface UpgradeDownloadsParameters {
  /** The programs that an upgrade runs or installs, by the name of the artifact; a program that is not installed has its version in its name. */
  readonly programs: Readonly<Record<string, ArtifactDownload>>
  readonly archives: readonly {
    /** The name that the plan shows. */
    readonly name: string
    readonly source: FetchSource
    readonly sha256: string
    readonly site: string
  }[]
  /** The runtime that images are loaded into. */
  readonly store: RuntimeName
  /** The images that are pulled, by version. */
  readonly pulled: readonly PulledImagesParameters[]
}

export interface UpgradeDownloadsOutputs {
  readonly all: readonly Task[]
  /** Those of them that load image archives. */
  readonly loaded: readonly Task[]
}

/**
 * What a running node needs of another version, brought there while the former version runs on: programs lie ready to be
 * installed, images are in the runtime. The tasks wait for nothing else on the node, since it has a runtime and curl.
 */
export const upgradeDownloads: Role<UpgradeDownloadsParameters, UpgradeDownloadsOutputs> = {
  name: 'upgrade-downloads',
  declare(scope, { programs, archives, store, pulled }) {
    const fetched = Object.entries(programs).map(([name, download]) =>
      scope.add(fetchedArtifact({ name, ...download })),
    )
    const loaded = archives.map(archive => scope.add(imageArchive({ store, ...archive })))
    const images = pulled.map(one => scope.add(pulledImages(one), { after: [...fetched, ...loaded] }))
    return { all: [...fetched, ...loaded, ...images], loaded }
  },
}
