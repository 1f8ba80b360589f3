import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import {
  type ArtifactName,
  artifact,
  defaultEtcd,
  defaultsFor,
  imagesOf,
  kubernetesVersions,
} from '../../../src/catalog/index.ts'

/** What every node downloads. */
type NodeArtifact = Exclude<ArtifactName, 'helm' | 'cilium-chart' | 'calico-manifest' | 'cri-o' | 'cri-dockerd'>

/** A folder laid out as a mirror, of programs that do nothing. There is no containerd in it, so that none is started. */
export interface DummyMirror {
  readonly folder: string
  /** For spec.artifacts.checksums: path in the mirror → sha256. */
  readonly checksums: Readonly<Record<string, string>>
  /** Path in the mirror, without a leading slash. */
  path(name: NodeArtifact): string
  /** Raises RangeError for what is not there. */
  sha256(name: NodeArtifact): string
}

/** Bytes of each download that is no archive; random, so that nothing on the way can make them smaller. */
const sizes: Partial<Record<ArtifactName, number>> = {
  kubelet: 256 * 1024,
  runc: 64 * 1024,
  // A server that sends half of the rest each time is soon at its end.
  kubectl: 2,
}

/** The programs of each archive; `folder`: that in the archive of etcd. */
function programsOf(name: ArtifactName, folder: string): readonly string[] | undefined {
  if (name === 'cni-plugins') return ['bridge', 'loopback']
  return name === 'etcd' ? ['etcd', 'etcdctl', 'etcdutl'].map(program => `${folder}/${program}`) : undefined
}

/** Makes what a node of the default versions downloads, for the architecture of this machine and so of its containers. */
export async function makeDummyMirror(folder: string): Promise<DummyMirror> {
  const kubernetes = kubernetesVersions()[0]!
  const { runtimes, runc, cniPlugins } = defaultsFor(kubernetes)
  const versions: Readonly<Record<NodeArtifact, string>> = {
    kubeadm: kubernetes,
    kubelet: kubernetes,
    kubectl: kubernetes,
    containerd: runtimes.containerd,
    runc,
    'cni-plugins': cniPlugins,
    etcd: defaultEtcd(imagesOf(kubernetes)),
  }
  const names = (Object.keys(versions) as NodeArtifact[]).filter(name => name !== 'containerd')
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const path = (name: NodeArtifact) => artifact(name, versions[name], architecture).path
  await Promise.all(names.map(name => make(join(folder, path(name)), name)))
  const checksums = Object.fromEntries(
    await Promise.all(
      names.map(async name => [path(name), sha256Of(await readFile(join(folder, path(name))))] as const),
    ),
  )
  return {
    folder,
    checksums,
    path,
    sha256(name) {
      const found = checksums[path(name)]
      if (found === undefined) throw new RangeError(`no ${name} in the mirror`)
      return found
    },
  }
}

async function make(file: string, name: ArtifactName): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const members = programsOf(name, basename(file, '.tar.gz'))
  if (members === undefined) {
    await writeFile(file, randomBytes(sizes[name] ?? 1024))
    return
  }
  const unpacked = `${file}.unpacked`
  for (const member of members) {
    await mkdir(dirname(join(unpacked, member)), { recursive: true })
    await writeFile(join(unpacked, member), randomBytes(1024), { mode: 0o755 })
  }
  await promisify(execFile)('tar', ['-czf', file, '-C', unpacked, ...(await readdir(unpacked))])
  await rm(unpacked, { recursive: true })
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
