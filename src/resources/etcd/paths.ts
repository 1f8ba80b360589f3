/** Where the parts of an external etcd lie on its hosts. */
export const etcdPaths = {
  /** Keys, requests and certificates of this host; on the first etcd host the CA, too. Root only. */
  pki: '/etc/etcd/pki',
  /** Settings that are the same whenever it starts. */
  environment: '/etc/etcd/etcd.env',
  /** What a member needs to know when it starts for the first time. Without its data it would do so again: the unit looks. */
  firstStart: '/etc/etcd/first-start.env',
  /** What a person sources to use etcdctl without typing endpoints and certificates. */
  clientEnvironment: '/etc/etcd/etcdctl.env',
  data: '/var/lib/etcd',
  /** As long as it is there, this member has not yet been healthy. */
  creating: '/var/lib/evcctl/etcd.creating',
  server: '/usr/local/bin/etcd',
  unitFile: '/etc/systemd/system/etcd.service',
  client: '/usr/local/bin/etcdctl',
} as const

/** The unit of a member. */
export const etcdUnit = 'etcd.service'

const { pki, client } = etcdPaths

/**
 * etcdctl with the certificate of this host. The time-outs are short: what does not answer is the news. Whatever the
 * caller's environment has of etcdctl's settings is left out.
 */
export function etcdctl(endpoints: string, seconds = 3): string {
  const files = `--cacert ${pki}/ca.crt --cert ${pki}/server.crt --key ${pki}/server.key`
  return `${client} ${files} --endpoints ${endpoints} --dial-timeout 2s --command-timeout ${seconds}s`
}
