import { valueAt } from '../finding.ts'
import type { Check } from './check.ts'

/** Folders that the system or several programs share (Filesystem Hierarchy Standard 3.0). */
const shared = [
  ...['etc', 'home', 'root', 'var'],
  ...['var/backups', 'var/cache', 'var/lib', 'var/local', 'var/log', 'var/mail', 'var/opt', 'var/spool'],
].map(name => `/${name}`)

/** Folders that are no place for data: a boot or a recreated node clears them, or they hold programs or devices. */
const unfit = [
  ...['bin', 'boot', 'dev', 'lib', 'lib64', 'proc', 'run', 'sbin', 'sys', 'tmp', 'usr', 'var/tmp', 'var/run'],
  ...['etc/kubernetes', 'etc/evcctl', 'var/lib/kubelet', 'var/lib/evcctl', 'var/cache/evcctl'],
].map(name => `/${name}`)

/** Checks that the data directory of a stacked etcd is a folder that nothing else uses. */
export const checkEtcdData: Check = (draft, report) => {
  const path = ['spec', 'kubernetes', 'clusterConfiguration', 'etcd', 'local', 'dataDir'] as const
  const folder = valueAt(draft.sections.kubernetes.clusterConfiguration, path.slice(3))
  // The schema reports a value that is no text.
  if (typeof folder !== 'string') return
  const why = whyUnfit(folder)
  if (why === undefined) return
  report({
    path: [...path],
    problem: `etcd cannot have its data in ${JSON.stringify(folder)}: ${why}`,
    expected: 'an absolute path of a folder for etcd alone, e.g. /var/lib/etcd (the default) or /data/etcd',
  })
}

function whyUnfit(folder: string): string | undefined {
  if (!folder.startsWith('/')) return 'the path is not absolute.'
  if (folder === '/') return 'it is all of the disk.'
  const parts = folder.slice(1).replace(/\/$/, '').split('/')
  if (parts.some(part => part === '.' || part === '..')) return 'the path has parts that are . or ..'
  if (parts.includes('')) return 'the path has an empty part.'
  const plain = `/${parts.join('/')}`
  if (shared.includes(plain)) return 'that folder belongs to the whole system.'
  const above = unfit.find(one => plain === one || plain.startsWith(`${one}/`))
  return above === undefined ? undefined : `what is in ${above} does not last, or is not for data.`
}
