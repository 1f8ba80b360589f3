import {
  type ArtifactDownload,
  type ContainerRuntimeOutputs,
  type ContainerRuntimeParameters,
  configurationFile,
  declareKeptService,
  declareLogins,
  declareUnitProxy,
  file,
  installCniPlugins,
  installedArtifact,
  type RegistryMirrors,
  type Role,
  registryFiles,
  runtimes,
  templatesOf,
} from '../../src/index.ts'
import {
  certificateFiles,
  crictlConfig,
  helpers,
  loginsPath,
  policy,
  policyPath,
  registriesFolder,
  renderCriOConfig,
  renderRegistries,
} from './config.ts'

export interface CriOParameters extends ContainerRuntimeParameters {
  readonly criO: ArtifactDownload
  readonly registryMirrors: RegistryMirrors
}

/** The package that loads image archives into CRI-O's storage; Debian 11, Ubuntu 20.10 and newer have it. */
export const archivePackages: readonly string[] = ['skopeo']

const { unit } = runtimes['cri-o']
const unitPath = `/etc/systemd/system/${unit}`
const config = '/etc/crio/crio.conf.d/10-evcctl.conf'
// Not registries.conf itself: that file belongs to a Debian package.
const registries = '/etc/containers/registries.conf.d/10-evcctl.conf'
const program = '/usr/local/bin/crio'

/** What is CRI-O's on a host: its configuration, images and containers. */
export const criOFolders = [
  '/etc/containers',
  '/etc/crio',
  '/run/containers',
  '/run/crio',
  '/usr/local/libexec/crio',
  '/var/lib/containers',
  '/var/lib/crio',
]

/** CRI-O with crun and conmon from its bundle and the standard CNI plugins, as a systemd unit. */
export const criO: Role<CriOParameters, ContainerRuntimeOutputs> = {
  name: 'cri-o',
  declare(scope, params) {
    const order = { after: params.downloadAfter }
    const members = {
      'cri-o/bin/crio': program,
      'cri-o/bin/pinns': '/usr/local/bin/pinns',
      'cri-o/bin/crictl': '/usr/local/bin/crictl',
      'cri-o/bin/conmon': `${helpers}/conmon`,
      'cri-o/bin/crun': `${helpers}/crun`,
    }
    const installed = scope.add(installedArtifact({ name: 'cri-o', ...params.criO, install: { members } }), order)
    const cniPlugins = installCniPlugins(scope, params.cniPlugins, params.downloadAfter)
    const hasLogins = Object.keys(params.registryCredentials).length > 0
    const text = renderCriOConfig({ sandboxImage: params.sandboxImage, hasLogins, patches: params.configPatches })
    const configured = scope.add(configurationFile({ path: config, text, patches: params.configPatches }))
    const mirrors = scope.add(
      file({ path: registries, mode: 0o644, content: renderRegistries(params.registryMirrors) }),
    )
    const unitFile = scope.add(file({ path: unitPath, mode: 0o644, content: templatesOf(import.meta.url)(unit, {}) }))
    // CRI-O reads these at every pull, so it needs no restart.
    const policyFile = scope.add(file({ path: policyPath, mode: 0o644, content: policy }))
    const logins = declareLogins(scope, loginsPath, params.registryCredentials)
    const authorities = scope.add(registryFiles(registriesFolder, certificateFiles(params.registryCAs)))
    scope.add(file({ path: '/etc/crictl.yaml', mode: 0o644, content: crictlConfig }))
    const proxy = declareUnitProxy(scope, unit, params.proxy)
    const { running, kept } = declareKeptService(scope, {
      unit,
      program,
      fileOfNode: params.fileOfNode,
      files: [unitPath, config, registries, ...proxy.watches],
      reloads: [registries],
      after: [...params.startAfter, policyFile, authorities, logins, ...proxy.needs],
      watch: [installed, unitFile, configured, mirrors, ...proxy.changes],
    })
    return { ready: running, cniPlugins, kept: [kept] }
  },
}
