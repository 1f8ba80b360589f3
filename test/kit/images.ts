import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { addProgram, makeScratchRoot } from './base-layer.ts'
import { type Arch, type ImageConfig, type Layer, tagOf, writeImageArchive, writeLayer } from './image-archive.ts'

/** The recipe of one image, as data. */
export interface ImageRecipe {
  /** Full name with registry and tag. For images of Kubernetes, it is exactly what `kubeadm config images list` prints. */
  readonly ref: string
  /** `scratch`: known users and /tmp only. `base`: iptables, nftables, conntrack and busybox. */
  readonly root: 'scratch' | 'base'
  /** Path in the image → name of the program that was built. */
  readonly programs: Readonly<Record<string, string>>
  readonly config: ImageConfig
  /** True if worker nodes never run it. */
  readonly controlPlaneOnly: boolean
}

/** The tags in the names of the images. */
export interface ImageTags {
  /** `v1.36.4` */
  readonly kubernetes: string
  /** `3.10.2` */
  readonly pause: string
  /** `3.6.8-0` */
  readonly etcd: string
  /** `v1.14.2` */
  readonly coredns: string
  /** `v0.28.4` */
  readonly flannel: string
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The image of test pods: nslookup, wget, httpd, nc, sh and the rest of busybox, with a real C library. */
export const testImage = 'evcctl.test/busybox:1'

/**
 * The images of a cluster: those that kubeadm needs, flannel, and one for test pods. kubeadm's manifests name programs
 * without a path, so these are on PATH. CoreDNS and pause have the paths of the upstream images.
 */
export function imageRecipes(tags: ImageTags): readonly ImageRecipe[] {
  const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(name =>
    recipe(`registry.k8s.io/${name}:${tags.kubernetes}`, { [`/usr/local/bin/${name}`]: name }, { controlPlane: true }),
  )
  return [
    recipe(`registry.k8s.io/pause:${tags.pause}`, { '/pause': 'pause' }, { user: '65535:65535' }),
    recipe(
      `registry.k8s.io/kube-proxy:${tags.kubernetes}`,
      { '/usr/local/bin/kube-proxy': 'kube-proxy' },
      { base: true },
    ),
    recipe(`ghcr.io/flannel-io/flannel:${tags.flannel}`, { '/opt/bin/flanneld': 'flannel' }, { base: true }),
    recipe(`registry.k8s.io/coredns/coredns:${tags.coredns}`, { '/coredns': 'coredns' }),
    ...controlPlane,
    recipe(
      `registry.k8s.io/etcd:${tags.etcd}`,
      { '/usr/local/bin/etcd': 'etcd', '/usr/local/bin/etcdctl': 'etcdctl', '/usr/local/bin/etcdutl': 'etcdutl' },
      { controlPlane: true },
    ),
    { ref: testImage, root: 'base', programs: {}, config: { Env: [path], Cmd: ['/bin/sh'] }, controlPlaneOnly: false },
  ]
}

/** Name of an image's archive in the mirror's `images` folder: `kube-proxy-v1.36.4-amd64.tar`. */
export function archiveName(ref: string, arch: Arch): string {
  const tag = tagOf(ref)
  return `${basename(ref).slice(0, -tag.length - 1)}-${tag}-${arch}.tar`
}

/**
 * Builds an image of finished programs and writes its archive.
 *
 * @param program gives the path of a built program
 * @param base the layer under images with `root: 'base'`; they share it, so a node stores it once
 * @param work folder for what is thrown away afterwards
 */
export async function buildImage(
  image: ImageRecipe,
  options: {
    program: (name: string) => string
    base: Layer | undefined
    arch: Arch
    work: string
    file: string
  },
): Promise<void> {
  const work = join(options.work, archiveName(image.ref, options.arch))
  const root = join(work, 'root')
  await rm(work, { recursive: true, force: true })
  if (image.root === 'scratch') await makeScratchRoot(root)
  else await mkdir(root, { recursive: true })
  for (const [path, program] of Object.entries(image.programs)) {
    await addProgram(root, path, options.program(program))
  }
  const layers = options.base === undefined ? [] : [options.base]
  const hasOwnLayer = image.root === 'scratch' || Object.keys(image.programs).length > 0
  if (hasOwnLayer) layers.push(await writeLayer(root, join(work, 'layer.tar.zst')))
  await writeImageArchive([{ ref: image.ref, layers, config: image.config }], options.arch, options.file)
  await rm(work, { recursive: true })
}

function recipe(
  ref: string,
  programs: Readonly<Record<string, string>>,
  options: { base?: boolean; controlPlane?: boolean; user?: string } = {},
): ImageRecipe {
  const [entrypoint] = Object.keys(programs)
  if (entrypoint === undefined) throw new RangeError(`image ${ref} without a program`)
  const config: ImageConfig = { Env: [path], Entrypoint: [entrypoint] }
  return {
    ref,
    root: options.base === true ? 'base' : 'scratch',
    programs,
    config: options.user === undefined ? config : { ...config, User: options.user },
    controlPlaneOnly: options.controlPlane === true,
  }
}
