import { access, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from './process.ts'

/**
 * The content of the base layer. mmdebstrap's variant `extract` unpacks the packages and their dependencies, and runs no
 * package script: that takes 10 s instead of the 30 s of a bootable root, and 20 MB instead of 120.
 */
export const baseRecipe = {
  suite: 'trixie',
  packages: ['busybox', 'conntrack', 'ipset', 'iptables', 'kmod', 'netbase', 'nftables'],
  /** Folders that nothing needs at run time: documentation, character sets, package lists, OpenSSL engines. */
  drop: ['usr/share', 'var/lib/apt', 'var/lib/dpkg', 'var/cache', 'etc/apt', 'etc/dpkg', 'etc/hostname', 'etc/fstab'],
  version: 1,
} as const

/** Links that Debian's alternatives system would create: iptables commands use nf_tables, as in Debian. */
const iptablesCommands = ['', '-save', '-restore'].flatMap(suffix =>
  ['iptables', 'ip6tables'].map(family => [`${family}${suffix}`, `${family}-nft${suffix}`] as const),
)

const etc: Readonly<Record<string, string>> = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  group: 'root:x:0:\nnogroup:x:65534:\n',
  // Without this file, glibc asks DNS first and ignores /etc/hosts if DNS answers.
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
}

/**
 * Creates the root file system that kube-proxy, flannel and test pods share: iptables, nftables, conntrack, kmod, a C
 * library with its name services, and busybox for everything else. The folder is emptied first.
 */
export async function makeBaseRoot(folder: string, arch: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const packages = baseRecipe.packages.join(',')
  // A tar in between lets this user own all files, even without root.
  const tar = `${folder}.tar`
  await run(['mmdebstrap', '--variant=extract', `--arch=${arch}`, `--include=${packages}`, baseRecipe.suite, tar])
  await run(['tar', '-C', folder, '--no-same-owner', '--exclude=./dev/*', '-xpf', tar])
  await rm(tar)
  for (const path of baseRecipe.drop) await rm(join(folder, path), { recursive: true, force: true })
  for (const library of await readdir(join(folder, 'usr/lib'))) {
    if (!library.endsWith('-linux-gnu')) continue
    for (const unused of ['gconv', 'engines-3', 'ossl-modules']) {
      await rm(join(folder, 'usr/lib', library, unused), { recursive: true, force: true })
    }
  }
  // The package base-files would create these links. It is left out, because nothing else in it is used.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (await exists(join(folder, 'usr', name))) await linkUnlessThere(folder, name, `usr/${name}`)
  }
  for (const [name, target] of iptablesCommands) await linkUnlessThere(folder, `usr/sbin/${name}`, target)
  for (const applet of await busyboxApplets(folder)) {
    if (!(await exists(join(folder, 'usr/sbin', applet)))) await linkUnlessThere(folder, `usr/bin/${applet}`, 'busybox')
  }
  for (const [name, content] of Object.entries(etc)) await writeFile(join(folder, 'etc', name), content)
  for (const name of ['root', 'run', 'proc', 'sys']) await mkdir(join(folder, name), { recursive: true })
}

/** Creates a root with what programs in an otherwise empty image expect: a temporary folder and known users. */
export async function makeScratchRoot(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, 'etc'), { recursive: true })
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true })
  await run(['install', '-d', '-m', '1777', join(folder, 'tmp')])
  for (const [name, content] of Object.entries(etc)) await writeFile(join(folder, 'etc', name), content)
}

/** Copies a program into a root, at a path inside it. */
export async function addProgram(root: string, path: string, program: string): Promise<void> {
  await run(['install', '-D', '-m', '0755', program, join(root, path)])
}

/** Runs busybox itself to list its applets, with the loader and libraries of the unpacked packages. */
async function busyboxApplets(root: string): Promise<string[]> {
  const libraries = join(root, 'usr/lib')
  const loaders = await readdir(libraries, { recursive: true })
  const loader = loaders.find(path => /-linux-gnu[^/]*\/ld-linux[^/]*\.so\.\d+$/.test(path))
  if (loader === undefined) throw new Error(`no dynamic loader in ${libraries}`)
  const path = join(libraries, loader)
  const list = await run([path, '--library-path', dirname(path), join(root, 'usr/bin/busybox'), '--list'])
  return list.split('\n')
}

async function linkUnlessThere(root: string, path: string, target: string): Promise<void> {
  if (!(await exists(join(root, path)))) await symlink(target, join(root, path))
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
