import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fingerprint } from './cache.ts'
import { type Arch, archiveFormat, type Layer } from './image-archive.ts'
import { archiveName, buildImage, type ImageRecipe } from './images.ts'
import type { Pins } from './module-file.ts'
import { run } from './process.ts'
import { cniPlugins, containerdPrograms, etcdPrograms } from './programs.ts'

/** One file of the mirror, and from what it is made. */
export interface Part {
  /** Path in the mirror: the host and path of the upstream address, or `images/…`. */
  readonly file: string
  /** Names of the programs in the file. Only `pause` is not written in Go. */
  readonly programs: readonly string[]
  /** Whether the image has the base layer. */
  readonly onBase: boolean
  /** Everything else that decides the bytes of the file. */
  readonly recipe: string
  make(from: Ingredients): Promise<void>
}

export interface Ingredients {
  /** Path of a built program. */
  readonly program: (name: string) => string
  /** The layer that images with iptables and busybox share. */
  readonly base: () => Promise<Layer>
  readonly arch: Arch
  /** A folder for temporary files. */
  readonly work: string
  /** The path of the finished file, which appears complete or not at all. */
  readonly target: string
}

/** Raise this when the bytes change that this file writes. */
const packing = 'gzip1 v1'

/** Upstream addresses of the binaries, without `https://`: the paths of a mirror. */
export function binaryPaths(pins: Required<Pins>, arch: Arch): Readonly<Record<BinaryName, string>> {
  const kubernetes = `dl.k8s.io/release/v${pins.kubernetes}/bin/linux/${arch}`
  const release = (repository: string, version: string): string =>
    `github.com/${repository}/releases/download/v${version}`
  const { containerd, runc, cniPlugins: cni, etcd } = pins
  return {
    kubeadm: `${kubernetes}/kubeadm`,
    kubelet: `${kubernetes}/kubelet`,
    kubectl: `${kubernetes}/kubectl`,
    containerd: `${release('containerd/containerd', containerd)}/containerd-${containerd}-linux-${arch}.tar.gz`,
    runc: `${release('opencontainers/runc', runc)}/runc.${arch}`,
    'cni-plugins': `${release('containernetworking/plugins', cni)}/cni-plugins-linux-${arch}-v${cni}.tgz`,
    etcd: `${release('etcd-io/etcd', etcd)}/etcd-v${etcd}-linux-${arch}.tar.gz`,
  }
}

/** The names in the catalog of artifacts. */
export type BinaryName = 'kubeadm' | 'kubelet' | 'kubectl' | 'containerd' | 'runc' | 'cni-plugins' | 'etcd'

/** The parts of the mirror that are binaries, in the order in which hosts need them. */
export function binaryParts(pins: Required<Pins>, arch: Arch): readonly Part[] {
  const paths = binaryPaths(pins, arch)
  return [
    programPart(paths.kubeadm, 'kubeadm'),
    programPart(paths.kubelet, 'kubelet'),
    programPart(paths.kubectl, 'kubectl'),
    archivePart(paths.containerd, 'bin', containerdPrograms),
    archivePart(paths['cni-plugins'], '.', Object.values(cniPlugins).flat()),
    archivePart(paths.etcd, basename(paths.etcd, '.tar.gz'), etcdPrograms),
    programPart(paths.runc, 'runc'),
  ]
}

/** The part of the mirror that is the archive of one image. */
export function imagePart(image: ImageRecipe, arch: Arch): Part {
  return {
    file: `images/${archiveName(image.ref, arch)}`,
    programs: Object.values(image.programs),
    onBase: image.root === 'base',
    recipe: fingerprint([image, archiveFormat]),
    make: async from => {
      const base = image.root === 'base' ? await from.base() : undefined
      await buildImage(image, { ...from, base, file: from.target })
    },
  }
}

function programPart(file: string, program: string): Part {
  return {
    file,
    programs: [program],
    onBase: false,
    recipe: 'program',
    make: async from => {
      const unfinished = `${from.target}.part`
      await copyFile(from.program(program), unfinished)
      await rename(unfinished, from.target)
    },
  }
}

/** A gzipped tar with programs in one folder, like the releases of upstream. */
function archivePart(file: string, folder: string, programs: readonly string[]): Part {
  return {
    file,
    programs,
    onBase: false,
    recipe: fingerprint([folder, packing]),
    make: async from => {
      const root = join(from.work, basename(file))
      await rm(root, { recursive: true, force: true })
      await mkdir(join(root, folder), { recursive: true })
      for (const name of programs) await copyFile(from.program(name), join(root, folder, name))
      const unfinished = `${from.target}.part`
      const owner = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0']
      const members = folder === '.' ? '.' : folder
      await run(['tar', '-C', root, ...owner, '-I', 'gzip -n -1', '-cf', unfinished, members])
      await rename(unfinished, from.target)
      await rm(root, { recursive: true })
    },
  }
}

/** Makes a part, and before that its folder if it is missing. */
export async function makePart(part: Part, from: Ingredients): Promise<void> {
  await mkdir(dirname(from.target), { recursive: true })
  await part.make(from)
}
