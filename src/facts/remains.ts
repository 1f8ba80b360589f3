import { posix } from 'node:path'
import type { FactModule } from '../core/facts.ts'
import { expectAtMost, expectThat, isInterface, isText, longestPath } from './checks.ts'
import type { DistributionFacts } from './distribution.ts'
import { mostFiles, mostLines, mostSettings, remainsScript } from './remains-script.ts'

/** What other software, or an earlier cluster, has left on a host. Paths are absolute. */
export interface RemainsFacts {
  /** Whether evcctl began to make a node of this host and was interrupted. */
  readonly begun: boolean
  /** Configuration files in /etc/cni/net.d. */
  readonly cniFiles: readonly string[]
  /** Kubeconfig files, certificates, keys and manifests of the distribution's own folder. */
  readonly kubernetesFiles: readonly string[]
  /** Flags (`--name=value`) and names of systemd settings (`ExecStart`) in files that the kubelet's unit includes. */
  readonly kubeletSettings: readonly { readonly path: string; readonly settings: readonly string[] }[]
  /** Drop-ins of containerd. They may hold passwords. */
  readonly containerdFiles: readonly { readonly path: string; readonly content: string }[]
  /** Drop-ins of CRI-O. */
  readonly criOFiles: readonly string[]
  /** Programs and units of other Kubernetes distributions. */
  readonly distributions: readonly string[]
  /** Installed Debian packages with programs or units that a node has, too. */
  readonly packages: readonly string[]
  /** Network interfaces whose names show that a pod network created them. */
  readonly interfaces: readonly string[]
  /** Files in /var/lib/etcd, and units of etcd that evcctl did not write. */
  readonly etcdFiles: readonly string[]
}

export const remainsFacts = (own: DistributionFacts): FactModule<{ readonly remains: RemainsFacts }> => ({
  script: `at remains
${remainsScript(own)}
`,
  longSections: ['remains'],
  parse(sections) {
    const remains = parseRemains(sections('remains'))
    check(remains, own)
    return { remains }
  },
})

// Lines of unknown kinds are left out.
function parseRemains(printed: readonly string[]): RemainsFacts {
  const lines = printed.slice(0, mostLines + mostFiles).map(line => line.trim().split(' '))
  // A name may contain blanks. All words of the line count, because a name cut at its first blank may be that of another
  // file.
  const named = (kind: string) =>
    lines.flatMap(([is, ...words]) => (is === kind && words.join('') !== '' ? [words.join(' ')] : []))
  const described = (kind: string) =>
    lines.flatMap(([is, path = '', ...said]) => (is === kind && path !== '' ? [{ path, said }] : []))
  return {
    begun: lines.some(([is]) => is === 'begun'),
    cniFiles: named('cni'),
    kubernetesFiles: named('kubernetes'),
    kubeletSettings: described('kubelet').map(({ path, said }) => ({ path, settings: said.filter(one => one !== '') })),
    containerdFiles: described('containerd').map(({ path, said: [content = ''] }) => ({
      path,
      content: Buffer.from(content, 'base64').toString('utf8'),
    })),
    criOFiles: named('cri-o'),
    distributions: named('distribution'),
    packages: named('package'),
    interfaces: named('interface'),
    etcdFiles: named('etcd'),
  }
}

// Messages tell people to move or delete these files, so each path has to be inside the folder that the script looked into.
function check(remains: RemainsFacts, { folder }: DistributionFacts): void {
  const { cniFiles, kubernetesFiles, kubeletSettings, interfaces, etcdFiles } = remains
  for (const list of Object.values(remains))
    if (Array.isArray(list))
      expectAtMost(list, mostLines + mostFiles, 'things of one kind that other software has left')
  expectAtMost(kubeletSettings, mostFiles, 'files of its kubelet')
  for (const { path, settings } of kubeletSettings) expectAtMost(settings, 2 * mostSettings, `settings in ${path}`)
  for (const path of cniFiles) expectThat(isBelow('/etc/cni/net.d/', path), 'a file in /etc/cni/net.d', path)
  for (const path of kubernetesFiles) expectThat(isBelow(folder, path), 'a file of Kubernetes', path)
  for (const path of etcdFiles) {
    const sound = ['/var/lib/etcd/', '/etc/systemd/system/', '/usr/lib/systemd/system/'].some(one => isBelow(one, path))
    expectThat(sound, 'a file of etcd', path)
  }
  for (const name of interfaces) expectThat(isInterface(name) && !name.startsWith('-'), 'an interface', name)
}

function isBelow(folder: string, path: string): boolean {
  return isText(path, longestPath) && path.startsWith(folder) && posix.normalize(path) === path && !path.endsWith('/')
}
