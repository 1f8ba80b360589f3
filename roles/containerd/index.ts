import { z } from 'zod'
import {
  artifactDownload,
  configurationFile,
  defineRole,
  file,
  installedArtifact,
  registryFiles,
  renderTemplate,
  systemdUnit,
  type Task,
} from '../../src/index.ts'
import { renderContainerdConfig } from './config.ts'
import { hostsFiles, registriesFolder } from './hosts.ts'

const parameters = z.strictObject({
  containerd: artifactDownload,
  runc: artifactDownload,
  cniPlugins: artifactDownload,
  /** Image of the container that holds a pod's namespaces. */
  sandboxImage: z.string(),
  /** Laid over config.toml, in order. */
  configPatches: z.array(z.record(z.string(), z.unknown())),
  /** Registry host → URLs of its mirrors. */
  registryMirrors: z.record(z.string(), z.array(z.string())),
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that its certificate may be of. */
  registryCAs: z.record(z.string(), z.string()),
  /** What downloads need: curl. */
  downloadAfter: z.array(z.custom<Task>()),
  /** What has to be done before containerd starts. */
  startAfter: z.array(z.custom<Task>()),
})

export type ContainerdParameters = z.output<typeof parameters>

export interface ContainerdOutputs {
  /** Done when containerd runs. */
  readonly ready: Task
  /** Done when pods can be given networks. */
  readonly cniPlugins: Task
}

const config = '/etc/containerd/config.toml'
const unit = 'containerd.service'
const program = '/usr/local/bin/containerd'

/** containerd with runc and the standard CNI plugins, as a systemd unit. */
export const containerd = defineRole<ContainerdParameters, ContainerdOutputs>({
  name: 'containerd',
  params: parameters,
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
    const cniPlugins = scope.add(
      installedArtifact({ name: 'cni-plugins', ...params.cniPlugins, install: { folder: '/opt/cni/bin' } }),
      order,
    )
    const text = renderContainerdConfig({ sandboxImage: params.sandboxImage, patches: params.configPatches })
    const configured = scope.add(configurationFile({ path: config, text, patches: params.configPatches }))
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
    const ready = scope.add(
      systemdUnit({
        unit,
        state: 'running',
        enabled: true,
        watches: [program, `/etc/systemd/system/${unit}`, config],
      }),
      { after: [...params.startAfter, runc, registries], watch: [installed, unitFile, configured] },
    )
    return { ready, cniPlugins }
  },
})
