import { type ArtifactDownload, etcdProgram, installedArtifact, type Role, type Task } from '../../src/index.ts'

export interface EtcdToolsParameters {
  readonly etcd: ArtifactDownload
  /** Folder in the archive, e.g. `etcd-v3.6.8-linux-amd64`. */
  readonly archiveFolder: string
  /** Done when the host can download: curl is installed. */
  readonly downloadAfter: readonly Task[]
}

/**
 * etcdctl and etcdutl on a host whose member of etcd is a static pod. Nothing runs them but snapshots and people, so they
 * restart nothing, and no node waits for them.
 */
export const etcdTools: Role<EtcdToolsParameters, { readonly installed: Task }> = {
  name: 'etcd-tools',
  declare(scope, { etcd, archiveFolder, downloadAfter }) {
    const members = Object.fromEntries(
      ['etcdctl', 'etcdutl'].map(name => [`${archiveFolder}/${name}`, etcdProgram(name)]),
    )
    const tools = installedArtifact({ name: 'etcd-tools', ...etcd, install: { members } })
    return { installed: scope.add(tools, { after: downloadAfter }) }
  },
}
