import type { SshTarget } from '../core/index.ts'
import { fetchSecrets, type SecretOptions, type SecretUse } from './secrets.ts'
import type { ClusterSpec, HostSpec } from './spec.ts'

const secretKeys = { passphrase: 'key passphrase', password: 'SSH password', sudoPassword: 'sudo password' } as const

/**
 * How each host of a cluster is reached, also those that leave it, with the secrets for its login. Throws UserErrors that name the places in
 * cluster.yaml of secrets that cannot be fetched.
 */
export async function sshTargets(
  spec: Pick<ClusterSpec, 'file' | 'hosts' | 'leaving'>,
  options: SecretOptions = {},
): Promise<readonly SshTarget[]> {
  const hosts = [...spec.hosts, ...spec.leaving]
  const secrets = await fetchSecrets(hosts.flatMap(secretUses), options)
  return hosts.map(({ name, address, ssh }) => {
    const { passphrase, password, sudoPassword, knownHosts, connectTimeout, ...rest } = ssh
    const secret = (key: keyof typeof secretKeys) => {
      const value = secrets.get(ssh[key]?.where ?? '')
      return value === undefined ? {} : { [key]: value }
    }
    return {
      name,
      address,
      ...rest,
      ...secret('passphrase'),
      ...secret('password'),
      ...secret('sudoPassword'),
      knownHosts: {
        ...(knownHosts.policy === undefined ? {} : { policy: knownHosts.policy }),
        acceptCommand: `evcctl ping ${spec.file} --accept-new`,
        ...(knownHosts.file === undefined ? {} : { files: [knownHosts.file] }),
      },
      connectTimeoutMs: connectTimeout,
    }
  })
}

function secretUses({ name, ssh }: HostSpec): readonly SecretUse[] {
  return Object.entries(secretKeys).flatMap(([key, what]) => {
    const source = ssh[key as keyof typeof secretKeys]
    return source === undefined ? [] : [{ source, what, host: name }]
  })
}
