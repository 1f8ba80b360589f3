import { type Login, UserErrors } from '../core/index.ts'
import { badInput } from './report.ts'
import { fetchSecrets, type SecretOptions } from './secrets.ts'
import type { ClusterSecrets, ClusterSpec, LoginSource } from './spec.ts'

interface Use extends LoginSource {
  /** What the login is for, for messages. */
  readonly at: string
}

/**
 * Fetches the secrets that hosts receive. Throws UserErrors that name the places in cluster.yaml of secrets that cannot be
 * fetched, and of those with a line break: in a configuration file another setting would begin after it.
 */
export async function clusterSecrets(
  { runtime, proxy }: Pick<ClusterSpec, 'runtime' | 'proxy'>,
  options: SecretOptions = {},
): Promise<ClusterSecrets> {
  const registries = Object.entries(runtime.registryCredentials)
  const uses = registries.map(([at, login]): Use => ({ at, ...login }))
  if (proxy?.login !== undefined) uses.push({ at: 'the proxy', ...proxy.login })
  const logins = await fetchLogins(uses, options)
  return {
    registries: Object.fromEntries(registries.map(([registry], index) => [registry, logins[index]!])),
    ...(proxy?.login === undefined ? {} : { proxy: logins.at(-1)! }),
  }
}

async function fetchLogins(uses: readonly Use[], options: SecretOptions): Promise<readonly Login[]> {
  const described = uses.map(({ username, password, at }) => ({
    source: password,
    what: `password of ${username}`,
    host: at,
  }))
  const secrets = await fetchSecrets(described, options)
  const logins = uses.map(({ username, password }) => ({ username, password: secrets.get(password.where)! }))
  const wrong = uses.filter((_, index) => logins[index]!.password.fits(/\p{Cc}/u))
  if (wrong.length === 0) return logins
  throw new UserErrors(
    wrong.map(({ username, password, at }) => {
      const problem = `The password of ${username} for ${at} has a line break or another control character in it.`
      return badInput({ where: password.where, problem, expected: 'one line of text' })
    }),
  )
}
