import { X509Certificate } from 'node:crypto'
import { parse } from 'yaml'
import type { TestCluster } from '../../kubernetes/kit/cluster.ts'

/** Files and objects that a control plane node has after an upgrade, by name, without what no two clusters have alike. */
export type UpgradedNode = ReadonlyMap<string, unknown>

const folders = ['/etc/kubernetes', '/var/lib/kubelet/config.yaml', '/var/lib/kubelet/kubeadm-flags.env']
const configMaps = ['kubeadm-config', 'kubelet-config', 'kube-proxy', 'coredns']
const workloads = ['daemonset/kube-proxy', 'deployment/coredns']

/** Reads cp1. */
export async function upgradedNode(cluster: TestCluster): Promise<UpgradedNode> {
  const { hosts } = cluster
  const { stdout } = await hosts.exec(
    'cp1',
    `find ${folders.join(' ')} -type f ! -path '/etc/kubernetes/tmp/*' -exec sh -c 'for f; do printf "%s\\n" "$f"; base64 -w 0 "$f"; echo; done' sh {} +`,
  )
  const lines = stdout.trim().split('\n')
  const found = new Map<string, unknown>()
  const own = [hosts.host('cp1').address, hosts.name]
  for (let at = 0; at < lines.length; at += 2) {
    const path = lines[at]!
    const text = Buffer.from(lines[at + 1]!, 'base64').toString()
    found.set(path, contentOf(path, text, own))
  }
  for (const name of configMaps) {
    const { data } = JSON.parse(await cluster.kubectl('get', 'configmap', '-n', 'kube-system', name, '-o', 'json'))
    const entries = Object.entries(data as Record<string, string>)
    found.set(`ConfigMap ${name}`, Object.fromEntries(entries.map(([key, text]) => [key, parsed(alike(text, own))])))
  }
  for (const name of workloads) {
    const object = JSON.parse(await cluster.kubectl('get', '-n', 'kube-system', name, '-o', 'json'))
    found.set(name, object.spec.template.spec)
  }
  return found
}

function contentOf(path: string, text: string, own: readonly string[]): unknown {
  if (path.endsWith('.crt')) return certificate(text, own)
  if (path.endsWith('.key') || path.endsWith('.pub')) return text.split('\n', 1)[0]
  if (!path.endsWith('.conf')) return parsed(alike(text, own))
  const config = parse(alike(text, own)) as {
    readonly clusters: readonly { readonly cluster: Record<string, unknown> }[]
    readonly users: readonly { readonly user: Record<string, string> }[]
  }
  for (const { cluster } of config.clusters) delete cluster['certificate-authority-data']
  for (const { user } of config.users) {
    const { 'client-certificate-data': data } = user
    if (data !== undefined) user['client-certificate-data'] = certificate(Buffer.from(data, 'base64').toString(), own)
    delete user['client-key-data']
  }
  return config
}

/** What of a certificate does not depend on the day and the key. */
function certificate(pem: string, own: readonly string[]): string {
  const {
    subject,
    issuer,
    subjectAltName = '',
    keyUsage = [],
    ca,
    publicKey,
    validFrom,
    validTo,
  } = new X509Certificate(pem)
  const days = Math.round((Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000)
  const key = `${publicKey.asymmetricKeyType} ${publicKey.asymmetricKeyDetails?.modulusLength ?? ''}`
  const names = alike(subjectAltName, own).split(', ').sort()
  return JSON.stringify({ subject, issuer, names, usage: keyUsage, ca, key, days })
}

// Address and name of the cluster are its own.
function alike(text: string, own: readonly string[]): string {
  return own.reduce((rest, word) => rest.replaceAll(word, 'ITS-OWN'), text)
}

// The order of keys does not count, and comments do not.
function parsed(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return text
  }
}
