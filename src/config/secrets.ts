import { ownValue, Secret, type UserError, UserErrors } from '../core/index.ts'
import { localFileBytes, pipePatience } from '../core/limits.ts'
import { readFileOrPipe } from '../core/local-file.ts'
import { readFailure, type Surroundings, surroundings } from './files.ts'
import { badInput } from './report.ts'
import type { SecretSource } from './spec.ts'

export interface SecretOptions extends Partial<Pick<Surroundings, 'env' | 'readFile' | 'mode'>> {
  /** Asks on the terminal without echo. Left out if there is no terminal: then `prompt: true` in cluster.yaml is an error. */
  readonly prompt?: (question: string) => Promise<Secret>
  /** Called with a one-line warning if a file with a secret is readable by users other than its owner. */
  readonly warn?: (text: string) => void
}

const readableByOthers = 0o044

/** What a secret is for, e.g. `sudo password`, and the hosts that use it. */
export interface SecretUse {
  readonly source: SecretSource
  readonly what: string
  readonly host: string
}

/**
 * Fetches secrets, once for each place in cluster.yaml: `spec.ssh.sudoPassword: { prompt: true }` asks once, however many
 * hosts use it. Throws UserErrors that name every place in cluster.yaml whose secret cannot be fetched.
 */
export async function fetchSecrets(
  uses: readonly SecretUse[],
  options: SecretOptions = {},
): Promise<ReadonlyMap<string, Secret>> {
  const secrets = new Map<string, Secret>()
  const errors: UserError[] = []
  for (const [where, users] of Map.groupBy(uses, use => use.source.where)) {
    const secret = await fetchSecret(where, users, options).catch((error: unknown) => {
      if (!(error instanceof UserErrors)) throw error
      errors.push(...error.errors)
    })
    if (secret !== undefined) secrets.set(where, secret)
  }
  if (errors.length > 0) throw new UserErrors(errors)
  return secrets
}

async function fetchSecret(
  where: string,
  uses: readonly SecretUse[],
  options: SecretOptions,
): Promise<Secret | undefined> {
  const [first] = uses
  if (first === undefined) return undefined
  const { source, what } = first
  const { env, mode } = surroundings(options)
  const readFile = options.readFile ?? readSecret
  if ('fromEnv' in source) {
    const value = ownValue(env, source.fromEnv)
    if (value === undefined || value === '')
      throw failure(
        where,
        `The environment variable ${source.fromEnv} is ${value === '' ? 'empty' : 'not set'}.`,
        `export ${source.fromEnv}=…`,
      )
    return new Secret(value, `${what} from $${source.fromEnv}`)
  }
  if ('fromFile' in source) {
    const value = await readSecretFile(where, source.fromFile, readFile)
    if (value === '') throw failure(where, `The file ${source.fromFile} is empty.`)
    const bits = mode(source.fromFile)
    if ((bits & readableByOthers) !== 0)
      options.warn?.(
        `${where}: others can read ${source.fromFile} (mode ${bits.toString(8).padStart(4, '0')}). Next: chmod 600 ${source.fromFile}`,
      )
    return new Secret(value, `${what} from ${source.fromFile}`)
  }
  if (options.prompt === undefined)
    throw failure(
      where,
      `There is no terminal to ask for the ${what} on.`,
      'Use { fromEnv: NAME } or { fromFile: path } there.',
    )
  const hosts = uses.map(use => use.host)
  const shown = hosts.length > 3 ? `${hosts.slice(0, 3).join(', ')} and ${hosts.length - 3} more` : hosts.join(', ')
  return options.prompt(`${what} for ${shown}`)
}

const readSecret = async (file: string) => (await readFileOrPipe(file, localFileBytes.secret, pipePatience)).toString()

async function readSecretFile(
  where: string,
  file: string,
  readFile: (path: string) => string | Promise<string>,
): Promise<string> {
  try {
    return (await readFile(file)).replace(/\r?\n$/, '')
  } catch (cause) {
    throw failure(where, `${readFailure(cause)}: ${file}`)
  }
}

function failure(where: string, problem: string, next?: string): UserErrors {
  return new UserErrors([badInput({ where, problem, ...(next === undefined ? {} : { next }) })])
}
