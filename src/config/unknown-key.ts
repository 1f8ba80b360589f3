import { type Finding, formatPath, type Path } from './finding.ts'
import { alternatives, clusterJsonSchema, type JsonSchema, placesOf, propertiesAt } from './json-schema.ts'
import { nearest } from './nearest.ts'

// Keys of evcctl, with the names that other tools use for the same thing.
const keySynonyms: Readonly<Record<string, readonly string[]>> = {
  address: ['ip', 'host', 'sshAddress', 'ansible_host', 'externalIP'],
  privateAddress: ['internalIP', 'privateIP', 'access_ip', 'internalAddress', 'nodeIP'],
  name: ['hostname', 'nodeName'],
  roles: ['role'],
  user: ['username', 'ansible_user', 'login'],
  identityFile: ['keyPath', 'privateKey', 'privateKeyPath', 'sshKey', 'key', 'keyFile', 'sshKeyPath'],
  proxyJump: ['bastion', 'jumpHost', 'bastionHost'],
  sudoPassword: ['becomePassword', 'ansible_become_password'],
  podCIDR: ['podSubnet', 'podNetworkCidr', 'clusterCIDR', 'kube_pods_subnet'],
  serviceCIDR: ['serviceSubnet', 'serviceClusterIPRange', 'kube_service_addresses'],
  nodeDNS: ['nodeLocalDNS', 'nodelocaldns', 'enable_nodelocaldns'],
  clusterDomain: ['dnsDomain', 'dnsName'],
  extraSANs: ['certSANs', 'sans'],
  hosts: ['nodes', 'inventory', 'machines', 'workers', 'masters', 'agents', 'controlPlanes'],
  runtime: ['containerRuntime'],
  registryMirrors: ['mirrors'],
  http: ['httpProxy', 'http_proxy', 'HTTP_PROXY'],
  https: ['httpsProxy', 'https_proxy', 'HTTPS_PROXY'],
  noProxy: ['no_proxy', 'NO_PROXY', 'additionalNoProxy'],
  registryCredentials: ['registryAuth', 'registryAuths', 'auths', 'imagePullSecrets'],
}

/** The finding for a key that the schema does not have at this place. */
export function noSuchKey(path: Path, key: string): Finding {
  return { path: [...path, key], at: 'key', problem: `There is no key "${key}" here.` }
}

/** The same finding, with a hint at the key that was probably meant. */
export function unknownKey(path: Path, key: string): Finding {
  const here = propertiesAt(path) ?? {}
  const finding = noSuchKey(path, key)
  if (/[\u00a0\u2007\u202f]/.test(key))
    return { ...finding, next: 'There is a no-break space in it, which looks like a space: replace it by one.' }
  const meant = nearest(key, Object.keys(here)) ?? Object.keys(here).find(name => keySynonyms[name]?.includes(key))
  if (meant !== undefined) return { ...finding, problem: `${finding.problem} Did you mean "${meant}"?`, meant }
  const elsewhere = placesElsewhere(key, path)
  if (elsewhere.length > 0) return { ...finding, next: `That key belongs to ${elsewhere.join(' or ')}.` }
  const keys = Object.keys(here)
  return keys.length === 0 ? finding : { ...finding, expected: `one of ${keys.join(', ')}` }
}

function placesElsewhere(key: string, path: Path): readonly string[] {
  const synonym = Object.entries(keySynonyms).find(([, names]) => names.includes(key))?.[0]
  const exact = [...placesOf(key), ...(synonym === undefined ? [] : placesOf(synonym))]
  const names = exact.length > 0 ? exact : placesOfNearest(key)
  const here = formatPath(path).replaceAll(/\[\d+\]/g, '[]')
  const places = names.filter(place => place !== `${here}.${key}`)
  // What lies below the same place is nearest to where it was written.
  const below = places.filter(place => place.startsWith(`${here}.`))
  return [...new Set([...below, ...places])].slice(0, 3)
}

function placesOfNearest(key: string): readonly string[] {
  const meant = nearest(key, allKeys())
  return meant === undefined || key.length <= 3 ? [] : placesOf(meant)
}

let all: ReadonlySet<string> | undefined

function allKeys(): ReadonlySet<string> {
  if (all !== undefined) return all
  const keys = new Set<string>()
  const visit = (schema: JsonSchema): void => {
    for (const alternative of alternatives(schema)) {
      if (alternative.items !== undefined) visit(alternative.items)
      for (const [name, property] of Object.entries(alternative.properties ?? {})) {
        keys.add(name)
        visit(property)
      }
    }
  }
  visit(clusterJsonSchema())
  all = keys
  return keys
}
