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
  type Role,
  registryFiles,
  runtimes,
  templatesOf,
} from '../../src/index.ts'
import { certificateFiles, registriesFolder, renderDockerConfig } from './config.ts'

export interface DockerParameters extends ContainerRuntimeParameters {
  readonly criDockerd: ArtifactDownload
  /** URLs of mirrors of docker.io. */
  readonly mirrors: readonly string[]
}

/** The distribution's Docker. Its containerd comes as a separate package, and Docker starts it itself. */
export const dockerPackages: readonly string[] = ['docker.io']
const dockerUnit = 'docker.service'
/** The package must not start these units: Docker would set up the packet filter and cgroups with its defaults. */
export const dockerUnits: readonly string[] = [dockerUnit, 'docker.socket']

const config = '/etc/docker/daemon.json'
const program = '/usr/local/bin/cri-dockerd'
const { unit, socket } = runtimes.docker
const unitPath = `/etc/systemd/system/${unit}`

/** What is Docker's on a host: its configuration, images and containers. */
export const dockerFolders = [
  '/etc/docker',
  '/run/containerd',
  '/run/cri-dockerd.sock',
  '/run/docker',
  '/run/docker.sock',
  '/var/lib/containerd',
  '/var/lib/cri-dockerd',
  '/var/lib/docker',
]

/** The distribution's Docker with cri-dockerd and the standard CNI plugins. */
export const docker: Role<DockerParameters, ContainerRuntimeOutputs> = {
  name: 'docker',
  declare(scope, params) {
    const order = { after: params.downloadAfter }
    const installed = scope.add(
      installedArtifact({
        name: 'cri-dockerd',
        ...params.criDockerd,
        install: { members: { 'cri-dockerd/cri-dockerd': program } },
      }),
      order,
    )
    const cniPlugins = installCniPlugins(scope, params.cniPlugins, params.downloadAfter)
    const text = renderDockerConfig({ mirrors: params.mirrors, patches: params.configPatches })
    const configured = scope.add(configurationFile({ path: config, text, patches: params.configPatches }))
    // Docker reads these at every pull, so it needs no restart.
    const authorities = scope.add(registryFiles(registriesFolder, certificateFiles(params.registryCAs)))
    const proxy = declareUnitProxy(scope, dockerUnit, params.proxy)
    const engine = declareKeptService(scope, {
      unit: dockerUnit,
      fileOfNode: params.fileOfNode,
      files: [config, ...proxy.watches],
      after: [...params.startAfter, authorities, ...proxy.needs],
      watch: [configured, ...proxy.changes],
    })
    const { sandboxImage } = params
    const unitFile = scope.add(
      file({
        path: unitPath,
        mode: 0o644,
        content: templatesOf(import.meta.url)(unit, { socket, sandboxImage }),
      }),
    )
    const shim = declareKeptService(scope, {
      unit,
      program,
      fileOfNode: params.fileOfNode,
      files: [unitPath],
      needed: [engine.kept],
      after: [engine.running],
      watch: [installed, unitFile],
    })
    return { ready: shim.running, cniPlugins, kept: [engine.kept, shim.kept] }
  },
}
