import { type Defaults, defaultsFor, kubernetesVersions } from '../catalog/index.ts'
import { localPath, type Surroundings } from './files.ts'
import { type ClusterLock, imagesFor, lockedSums } from './lock.ts'
import type { ParsedHost, ParsedSsh, Sections } from './schema/cluster.ts'
import type {
  ClusterSpec,
  EtcdSpec,
  FirewallSpec,
  GateSpec,
  HostSpec,
  HostSshSpec,
  ImageArchive,
  RolloutSpec,
  RuntimeSpec,
  SecretSource,
} from './spec.ts'

const defaultConnectTimeout = 20_000

export interface Parts {
  readonly file: string
  readonly name: string
  readonly sections: Sections
  readonly hosts: readonly ParsedHost[]
  readonly checksums: Readonly<Record<string, string>>
  readonly authorities: Readonly<Record<string, string>>
  readonly archives: readonly ImageArchive[]
  readonly etcd: EtcdSpec
  readonly lock: ClusterLock
  readonly env: Surroundings['env']
  /** The place of a value in the file, for errors that are found when the value is used. */
  where(path: readonly (string | number)[]): string
}

function normaliseRollout({ sections: { rollout }, file, env }: Parts): RolloutSpec {
  const folder = localPath('.', file, env)
  const inFolder = <T extends { readonly gate?: Omit<GateSpec, 'folder'> | undefined }>({ gate, ...others }: T) =>
    gate === undefined ? others : { ...others, gate: { ...gate, folder } }
  return { ...inFolder(rollout), groups: rollout.groups.map(inFolder) }
}

/** Fills in defaults that depend on other values, and makes paths absolute. */
export function normalise(parts: Parts): ClusterSpec {
  const { sections, file, env } = parts
  const { controlPlane, kubernetes, runtime, network, artifacts, images } = sections
  const version = kubernetes.version ?? kubernetesVersions()[0] ?? ''
  const defaults = defaultsFor(version)
  const kubeadm = imagesFor(version, parts.lock)
  const locked = lockedSums(parts.lock)
  const flannel = network.flannel.version ?? defaults.flannel
  const hosts = hostsByState(parts)
  return {
    file,
    name: parts.name,
    kubernetes: { ...kubernetes, version, ...(kubeadm === undefined ? {} : { images: kubeadm }) },
    controlPlane: definedOnly(controlPlane),
    etcd: parts.etcd,
    runtime: normaliseRuntime(runtime, defaults, parts),
    network: {
      ...network,
      cniPluginsVersion: network.cniPluginsVersion ?? defaults.cniPlugins,
      flannel: {
        version: flannel,
        backend: network.flannel.backend,
        image: network.flannel.image ?? `ghcr.io/flannel-io/flannel:v${flannel}`,
      },
      calico: definedOnly({ ...network.calico, version: network.calico.version ?? defaults.calico }),
      cilium: {
        ...network.cilium,
        version: network.cilium.version ?? defaults.cilium,
        helmVersion: network.cilium.helmVersion ?? defaults.helm,
      },
    },
    artifacts: {
      ...(artifacts.mirror === undefined ? {} : { mirror: artifacts.mirror }),
      ...(artifacts.folder === undefined ? {} : { folder: localPath(artifacts.folder, file, env) }),
      checksums: parts.checksums,
      ...(Object.keys(locked).length === 0 ? {} : { locked }),
    },
    ...normaliseProxy(parts),
    images: { ...(images.registry === undefined ? {} : { registry: images.registry }), archives: parts.archives },
    os: sections.os,
    firewall: normaliseFirewall(sections),
    preflight: sections.preflight,
    rollout: normaliseRollout(parts),
    hosts: hosts.present,
    leaving: hosts.absent,
    notes: [],
  }
}

function normaliseFirewall({ firewall, controlPlane }: Sections): FirewallSpec {
  return {
    manage: firewall.manage,
    apiFrom: firewall.apiFrom ?? (controlPlane.endpoint === undefined ? [] : ['0.0.0.0/0']),
    nodePortsFrom: firewall.nodePortsFrom,
    extraPorts: firewall.extraPorts.map(({ port, endPort = port, protocol, from, roles }) => ({
      ports: { first: port, last: endPort },
      protocol,
      from,
      ...(roles === undefined ? {} : { roles }),
    })),
  }
}

function normaliseProxy(parts: Parts): Pick<ClusterSpec, 'proxy'> {
  const { http, https, noProxy, username, password } = parts.sections.proxy
  if (http === undefined && https === undefined) return {}
  const login =
    username === undefined || password === undefined
      ? undefined
      : { username, password: secretSource(password, ['spec', 'proxy', 'password'], parts) }
  return { proxy: definedOnly({ http: withoutSlash(http), https: withoutSlash(https), noProxy, login }) }
}

// Removes a trailing slash, which programs do not expect there.
function withoutSlash(text: string | undefined): string | undefined {
  return text?.replace(/\/$/, '')
}

function normaliseRuntime(
  { name, version, runcVersion, configPatches, registryMirrors, registryCredentials }: Sections['runtime'],
  defaults: Defaults,
  parts: Parts,
): RuntimeSpec {
  const common = {
    version: version ?? defaults.runtimes[name],
    configPatches,
    registryMirrors,
    registryCAs: parts.authorities,
    registryCredentials: Object.fromEntries(
      Object.entries(registryCredentials).map(([registry, { username, password }]) => {
        const place = ['spec', 'runtime', 'registryCredentials', registry, 'password']
        return [registry, { username, password: secretSource(password, place, parts) }]
      }),
    ),
  }
  return name === 'containerd' ? { name, ...common, runcVersion: runcVersion ?? defaults.runc } : { name, ...common }
}

// Errors name hosts by their index in the whole list.
function hostsByState(parts: Parts): { readonly [S in ParsedHost['state']]: readonly HostSpec[] } {
  const hosts = parts.hosts.map((host, index) => ({ state: host.state, spec: normaliseHost(host, index, parts) }))
  return {
    present: hosts.filter(({ state }) => state === 'present').map(({ spec }) => spec),
    absent: hosts.filter(({ state }) => state === 'absent').map(({ spec }) => spec),
  }
}

function normaliseHost(host: ParsedHost, index: number, parts: Parts): HostSpec {
  const { name, address, privateAddress, roles, labels, taints } = host
  return {
    name,
    address,
    ...(privateAddress === undefined ? {} : { privateAddress }),
    roles,
    labels,
    taints: taints.map(taint => definedOnly(taint)),
    ssh: normaliseSsh(host.ssh, index, parts),
  }
}

// A key of the host's own `ssh` wins over the same key of spec.ssh.
function normaliseSsh(own: ParsedSsh, index: number, parts: Parts): HostSshSpec {
  const { file, env } = parts
  const all = parts.sections.ssh
  const both = { ...definedOnly(all), ...definedOnly(own) }
  const knownHosts = { ...definedOnly(all.knownHosts ?? {}), ...definedOnly(own.knownHosts ?? {}) }
  const identityFiles = typeof both.identityFile === 'string' ? [both.identityFile] : both.identityFile
  const secret = (key: 'passphrase' | 'password' | 'sudoPassword'): SecretSource | undefined => {
    const source = both[key]
    if (source === undefined) return undefined
    const place = own[key] === undefined ? ['spec', 'ssh', key] : ['spec', 'hosts', index, 'ssh', key]
    return secretSource(source, place, parts)
  }
  return definedOnly({
    user: both.user,
    port: both.port,
    identityFiles: identityFiles?.map(path => localPath(path, file, env)),
    passphrase: secret('passphrase'),
    agent: both.agent ?? true,
    knownHosts: definedOnly({
      file: knownHosts.file === undefined ? undefined : localPath(knownHosts.file, file, env),
      policy: knownHosts.policy,
    }),
    proxyJump: both.proxyJump,
    password: secret('password'),
    sudoPassword: secret('sudoPassword'),
    connectTimeout: both.connectTimeout ?? defaultConnectTimeout,
  })
}

function secretSource(
  { fromEnv, fromFile }: NonNullable<ParsedSsh['password']>,
  path: readonly (string | number)[],
  { file, env, where }: Parts,
): SecretSource {
  const place = { where: where(path) }
  if (fromEnv !== undefined) return { ...place, fromEnv }
  if (fromFile !== undefined) return { ...place, fromFile: localPath(fromFile, file, env) }
  return { ...place, prompt: true }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

// Drops keys with the value undefined, so that specs compare equal and print without them.
function definedOnly<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>
}
