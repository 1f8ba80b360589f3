import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml'
import { beginningOf } from '../../core/cut.ts'
import { UserError } from '../../core/index.ts'
import { parsedLength, sizeText } from '../../core/limits.ts'
import { printableLine } from '../../report/index.ts'
import { parseKubeconfig } from './yaml.ts'

/** The CA and the credentials from an administrator kubeconfig of a host. Every part has been checked. */
export interface AdminAccess {
  /** Base64 of PEM certificates. */
  readonly certificateAuthorityData: string
  readonly user: AdminUser
}

/** The access to one cluster, with the names that its entries have in a kubeconfig. */
export interface ClusterAccess extends AdminAccess {
  /** Name of the cluster, and of its context. */
  readonly name: string
  /** Whose access it is. Default: the administrator's. */
  readonly whose?: string
  /** URL of the API servers as seen from this machine. It never comes from a host's kubeconfig. */
  readonly server: string
}

/** The name of the user's entry. */
export function userEntry({ name, whose = 'admin' }: Pick<ClusterAccess, 'name' | 'whose'>): string {
  return `${name}-${whose}`
}

/** The user entry: a client certificate with its key (base64 of PEM), or a bearer token. */
export type AdminUser =
  | { readonly 'client-certificate-data': string; readonly 'client-key-data': string }
  | { readonly token: string }

/** Where a kubeconfig comes from. */
export interface Source {
  /** Host and file. */
  readonly where: string
  /** Name of the distribution that wrote it. */
  readonly writer: string
}

/**
 * Reads the admin.conf of a host. kubectl runs programs and reads files that a kubeconfig names. So only certificates, a
 * private key and a token are taken from it; any other key raises a UserError that names it.
 */
export function readAdminConf(text: string, source: Source): AdminAccess {
  const config = mapIn(text, source)
  const context = entry(config, 'contexts', config.get('current-context'), 'context', source)
  const cluster = entry(config, 'clusters', context.get('cluster'), 'cluster', source)
  const user = entry(config, 'users', context.get('user'), 'user', source)
  refuseOthers(cluster, ['certificate-authority-data', 'server'], 'clusters[].cluster', source)
  return {
    certificateAuthorityData: certificates(cluster, 'certificate-authority-data', source).data,
    user: userOf(user, source),
  }
}

function mapIn(text: string, source: Source): YAMLMap {
  if (text.length > parsedLength.kubeconfig) throw foreign(source, `more than ${sizeText(parsedLength.kubeconfig)}`)
  const document = parsed(text, source)
  if (!isMap(document.contents)) throw foreign(source, 'no mapping')
  return document.contents
}

function parsed(text: string, source: Source) {
  try {
    return parseKubeconfig(text)
  } catch (cause) {
    throw foreign(source, printableLine(cause instanceof Error ? cause.message : String(cause)))
  }
}

function entry(config: YAMLMap, list: string, name: unknown, part: string, source: Source): YAMLMap {
  const entries = config.get(list)
  const found = isSeq(entries) ? entries.items.find(item => isMap(item) && item.get('name') === name) : undefined
  const value = isMap(found) ? found.get(part) : undefined
  if (typeof name !== 'string' || !isMap(value)) throw foreign(source, `no entry of its current context in ${list}`)
  return value
}

function userOf(user: YAMLMap, source: Source): AdminUser {
  if (user.has('token')) {
    refuseOthers(user, ['token'], 'users[].user', source)
    const token = user.get('token')
    // The syntax of a bearer token: RFC 6750, 2.1.
    if (typeof token !== 'string' || !/^[A-Za-z0-9._~+/-]+=*$/.test(token)) throw malformed('token', 'a token', source)
    return { token }
  }
  refuseOthers(user, ['client-certificate-data', 'client-key-data'], 'users[].user', source)
  const { data, first } = certificates(user, 'client-certificate-data', source)
  return { 'client-certificate-data': data, 'client-key-data': keyOf(user, first, source) }
}

function refuseOthers(map: YAMLMap, allowed: readonly string[], path: string, source: Source): void {
  const other = map.items
    .map(({ key }) => (isScalar(key) ? String(key.value) : '?'))
    .find(key => !allowed.includes(key))
  if (other === undefined) return
  throw new UserError({
    where: source.where,
    problem: `${path} has the key ${beginningOf(printableLine(other), 60)}, which ${source.writer} does not write. Nothing was written.`,
    expected: `no keys but ${allowed.join(', ')}: kubectl runs programs and reads files that others name`,
    next: 'If it is meant, make a kubeconfig by hand from that file. If not, find out who changed it.',
  })
}

function certificates(map: YAMLMap, key: string, source: Source): { data: string; first: X509Certificate } {
  const blocks = pemBlocks(map, key, /^CERTIFICATE$/)
  try {
    const [first] = blocks.map(block => new X509Certificate(block))
    if (first !== undefined) return { data: base64(blocks), first }
  } catch {
    // The error is the same as for a value without any PEM block.
  }
  throw malformed(key, 'certificates: PEM in base64', source)
}

function keyOf(user: YAMLMap, certificate: X509Certificate, source: Source): string {
  const key = 'client-key-data'
  const blocks = pemBlocks(user, key, /^([A-Z]+ )?PRIVATE KEY$/)
  try {
    if (blocks.length === 1 && certificate.checkPrivateKey(createPrivateKey(blocks[0]!))) return base64(blocks)
  } catch {
    // Node's own error text could show a part of the key, so it is dropped.
  }
  throw malformed(key, 'the private key of client-certificate-data, without a passphrase: PEM in base64', source)
}

// Takes only whole PEM blocks; any text between them is dropped.
function pemBlocks(map: YAMLMap, key: string, label: RegExp): readonly string[] {
  const value = map.get(key)
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return []
  const text = Buffer.from(value, 'base64').toString('latin1')
  const blocks = text.matchAll(/-----BEGIN ([A-Z ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----/g)
  return [...blocks].filter(([, name]) => label.test(name!)).map(([block]) => `${block.replaceAll('\r', '')}\n`)
}

function base64(blocks: readonly string[]): string {
  return Buffer.from(blocks.join('')).toString('base64')
}

function malformed(key: string, expected: string, source: Source): UserError {
  return new UserError({ where: source.where, problem: `${key} is not acceptable. Nothing was written.`, expected })
}

function foreign(source: Source, actual: string): UserError {
  return new UserError({
    where: source.where,
    problem: `This is not a kubeconfig as ${source.writer} writes it. Nothing was written.`,
    expected: 'a current context whose cluster and user are in the file',
    actual,
  })
}
