/** The paths of an external etcd on its hosts. */
export const etcdPaths = {
  /** Keys, requests and certificates of this host; on the first etcd host also the CA. Root only. */
  pki: '/etc/etcd/pki',
  /** Settings that are the same at every start. */
  environment: '/etc/etcd/etcd.env',
  /** Settings for the first start of a member. A start without data would use them again, so the unit checks for data. */
  firstStart: '/etc/etcd/first-start.env',
  /** A file to source, after which etcdctl needs no endpoints and certificates on the command line. */
  clientEnvironment: '/etc/etcd/etcdctl.env',
  data: '/var/lib/etcd',
  /** As long as this file exists, the member has not been healthy yet. */
  creating: '/var/lib/evcctl/etcd.creating',
  server: '/usr/local/bin/etcd',
  unitFile: '/etc/systemd/system/etcd.service',
  client: '/usr/local/bin/etcdctl',
  /** Works on files of etcd without a server: checks snapshots and restores them. */
  utility: '/usr/local/bin/etcdutl',
} as const

/** The folders of a member on its host. */
export const etcdHostFolders: readonly string[] = ['/etc/etcd', etcdPaths.data]

/** Where a program of the archive of etcd is installed. */
export function etcdProgram(name: string): string {
  return `/usr/local/bin/${name}`
}

/** The systemd unit of a member. */
export const etcdUnit = 'etcd.service'

const { pki, client } = etcdPaths

/**
 * etcdctl with the certificate of this host. The time-outs are short, since a member that does not answer is a result, too.
 * Settings of etcdctl in the caller's environment are ignored.
 */
export function etcdctl(endpoints: string, seconds = 3): string {
  const files = `--cacert ${pki}/ca.crt --cert ${pki}/server.crt --key ${pki}/server.key`
  return `${client} ${files} --endpoints ${endpoints} --dial-timeout 2s --command-timeout ${seconds}s`
}
