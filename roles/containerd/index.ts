import {
  type ArtifactDownload,
  type ContainerRuntimeOutputs,
  type ContainerRuntimeParameters,
  configurationFile,
  declareUnitProxy,
  file,
  installCniPlugins,
  installedArtifact,
  type RegistryMirrors,
  type Role,
  registryFiles,
  renderTemplate,
  systemdUnit,
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
const program = '/usr/local/bin/containerd'

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
    const unitFile = scope.add(
      file({
        path: `/etc/systemd/system/${unit}`,
        mode: 0o644,
        content: renderTemplate(new URL(`templates/${unit}.hbs`, import.meta.url), {}),
      }),
    )
    // Read at every pull: no restart.
    const registries = scope.add(
      registryFiles(registriesFolder, hostsFiles({ mirrors: params.registryMirrors, authorities: params.registryCAs })),
    )
    const proxy = declareUnitProxy(scope, unit, params.proxy)
    const unitPath = `/etc/systemd/system/${unit}`
    const watches = [program, unitPath, config, ...proxy.watches]
    const kept = [{ unit, files: [unitPath, config, ...proxy.watches], watches }]
    const ready = scope.add(systemdUnit({ unit, state: 'running', enabled: true, watches, trial: { kept } }), {
      after: [...params.startAfter, runc, registries, ...proxy.needs],
      watch: [installed, unitFile, configured, ...proxy.changes],
    })
    return { ready, cniPlugins, kept }
  },
}
