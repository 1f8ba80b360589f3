import {
  type ArtifactDownload,
  type ContainerRuntimeOutputs,
  type ContainerRuntimeParameters,
  configurationFile,
  declareKeptService,
  declareUnitProxy,
  file,
  installCniPlugins,
  installedArtifact,
  type RegistryMirrors,
  type Role,
  registryFiles,
  templatesOf,
  withLogins,
} from '../../src/index.ts'
import { renderContainerdConfig } from './config.ts'
import { hostsFiles, registriesFolder } from './hosts.ts'

export interface ContainerdParameters extends ContainerRuntimeParameters {
  readonly containerd: ArtifactDownload
  readonly runc: ArtifactDownload
  readonly registryMirrors: RegistryMirrors
}

const config = '/etc/containerd/config.toml'
const unit = 'containerd.service'
const unitPath = `/etc/systemd/system/${unit}`
const program = '/usr/local/bin/containerd'

/** What is containerd's on a host: its configuration, images and containers. */
export const containerdFolders = ['/etc/containerd', '/opt/containerd', '/run/containerd', '/var/lib/containerd']

/** containerd with runc and the standard CNI plugins, as a systemd unit. */
export const containerd: Role<ContainerdParameters, ContainerRuntimeOutputs> = {
  name: 'containerd',
  declare(scope, params) {
    const order = { after: params.downloadAfter }
    const programs = {
      'bin/containerd': program,
      'bin/containerd-shim-runc-v2': '/usr/local/bin/containerd-shim-runc-v2',
      'bin/ctr': '/usr/local/bin/ctr',
    }
    const installed = scope.add(
      installedArtifact({ name: 'containerd', ...params.containerd, install: { members: programs } }),
      order,
    )
    const runc = scope.add(
      installedArtifact({ name: 'runc', ...params.runc, install: { binary: '/usr/local/sbin/runc' } }),
      order,
    )
    const cniPlugins = installCniPlugins(scope, params.cniPlugins, params.downloadAfter)
    const { sandboxImage, configPatches: patches } = params
    const text = withLogins(
      params.registryCredentials,
      logins => renderContainerdConfig({ sandboxImage, logins, patches }),
      `content of ${config}`,
    )
    const configured = scope.add(configurationFile({ path: config, text, patches }))
    const unitFile = scope.add(file({ path: unitPath, mode: 0o644, content: templatesOf(import.meta.url)(unit, {}) }))
    // containerd reads these at every pull, so it needs no restart.
    const registries = scope.add(
      registryFiles(registriesFolder, hostsFiles({ mirrors: params.registryMirrors, authorities: params.registryCAs })),
    )
    const proxy = declareUnitProxy(scope, unit, params.proxy)
    const { running, kept } = declareKeptService(scope, {
      unit,
      program,
      fileOfNode: params.fileOfNode,
      files: [unitPath, config, ...proxy.watches],
      after: [...params.startAfter, runc, registries, ...proxy.needs],
      watch: [installed, unitFile, configured, ...proxy.changes],
    })
    return { ready: running, cniPlugins, kept: [kept] }
  },
}
