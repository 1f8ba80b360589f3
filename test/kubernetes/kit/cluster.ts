import { basename, join, relative } from 'node:path'
import { type ClusterFileOptions, clusterFileHosts, writeClusterFile } from '../../../src/local/cluster-file.ts'
import type { LocalHosts } from '../../../src/local/hosts.ts'
import { startMirror } from '../../../src/local/mirror.ts'
import { detectNeeds } from '../../../src/local/needs.ts'
import { startHosts, type TestHostOptions } from '../../hosts/kit/start-hosts.ts'
import { temporaryFolder } from '../../kit/folder.ts'
import { ensureMirror, type Mirror } from '../../kit/mirror.ts'
import { canReachUpstream } from '../../kit/upstream.ts'
import { editClusterFile } from './edit-cluster-file.ts'

/** Container hosts, a mirror of real artifacts and a cluster.yaml that ties them together. Disposing removes all of it. */
export interface TestCluster extends AsyncDisposable {
  readonly hosts: LocalHosts
  readonly mirror: Mirror
  /** URL of the mirror as the hosts see it. */
  readonly mirrorUrl: string
  /** Path of cluster.yaml. */
  readonly file: string
  /** A folder of this cluster's own, for whatever the test writes. */
  readonly folder: string
  /** Environment that keeps journals of this test in `folder`. */
  readonly env: Readonly<Record<string, string>>
  /** `kubectl` on the first control plane node, as root. Rejects when it fails. */
  kubectl(...args: readonly string[]): Promise<string>
}

/** Starts bare hosts and writes their cluster.yaml; nothing is installed yet. */
export async function startCluster({
  kubernetes,
  ...options
}: TestHostOptions & {
  /** Version of Kubernetes. Default: that of the kit. */
  readonly kubernetes?: string
}): Promise<TestCluster> {
  const say = (line: string): void => console.log(line)
  // Where the mirror is not all there is, images are pulled from the registries.
  const internal = !(await canReachUpstream())
  const [mirror, hosts] = await Promise.all([
    ensureMirror({ write: say, ...(kubernetes === undefined ? {} : { kubernetes }) }),
    startHosts({ internal, ...options, onProgress: say }),
  ])
  const folder = await temporaryFolder()
  try {
    const [needs, { url }] = await Promise.all([
      detectNeeds(hosts),
      startMirror({ folder: mirror.folder, name: hosts.name }),
    ])
    const file = join(folder.path, 'cluster.yaml')
    await writeClusterFile(file, { ...clusterFileHosts(hosts), needs, ...mirrorOptions(mirror, url) })
    return {
      hosts,
      mirror,
      mirrorUrl: url,
      file,
      folder: folder.path,
      env: { XDG_STATE_HOME: join(folder.path, 'state') },
      async kubectl(...args) {
        const command = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', ...args]
        const { exitCode, stdout, stderr } = await hosts.exec('cp1', command)
        if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} exited with ${exitCode}: ${stderr}`)
        return stdout
      },
      async [Symbol.asyncDispose]() {
        await hosts[Symbol.asyncDispose]()
        await folder[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await hosts[Symbol.asyncDispose]()
    throw error
  }
}

/** Gives cluster.yaml the version of Kubernetes that the kit has by default, and the images of that. */
export async function upgradeFile({ file, mirrorUrl }: TestCluster): Promise<string> {
  const mirror = await ensureMirror()
  const { kubernetesVersion = '', archives = [] } = mirrorOptions(mirror, mirrorUrl)
  await editClusterFile(file, document => {
    document.setIn(['spec', 'kubernetes', 'version'], kubernetesVersion)
    document.setIn(['spec', 'images', 'archives'], document.createNode(archives))
  })
  return kubernetesVersion
}

/** What cluster.yaml says of a mirror: where artifacts come from, and which image archives are loaded where. */
export function mirrorOptions(
  mirror: Mirror,
  url: string,
): Pick<ClusterFileOptions, 'artifacts' | 'archives' | 'kubernetesVersion'> {
  return {
    kubernetesVersion: mirror.versions.kubernetes,
    artifacts: { mirror: url, checksums: mirror.checksumsFile },
    archives: mirror.images
      .filter(image => !basename(image.file).startsWith('busybox'))
      .map(image => ({
        url: `${url}/${relative(mirror.folder, image.file)}`,
        sha256: image.sha256,
        ...(image.controlPlaneOnly && { roles: ['control-plane'] }),
      })),
  }
}
