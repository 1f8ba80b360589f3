import type { HttpProxy } from '../core/http-proxy.ts'
import type { Login } from '../core/login.ts'
import type { Scope } from '../core/scope.ts'
import type { Task } from '../core/task.ts'
import { type ArtifactDownload, installedArtifact } from '../resources/artifacts/index.ts'
import type { KeptUnit } from '../resources/systemd/index.ts'

/** The parameters of every container runtime's role; each role extends them by what it installs. */
export interface ContainerRuntimeParameters {
  /** A file that only nodes have. */
  readonly fileOfNode: string
  readonly cniPlugins: ArtifactDownload
  /** Image of the container that holds a pod's namespaces. */
  readonly sandboxImage: string
  /** Laid over the runtime's own configuration file, in order. */
  readonly configPatches: readonly Readonly<Record<string, unknown>>[]
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that may have signed its certificate. */
  readonly registryCAs: Readonly<Record<string, string>>
  /** Host, or host:port, of a registry or mirror → the credentials with which the runtime logs in. */
  readonly registryCredentials: Readonly<Record<string, Login>>
  /** The proxy through which images are pulled; undefined: none. */
  readonly proxy?: HttpProxy
  /** What downloads need: curl. */
  readonly downloadAfter: readonly Task[]
  /** What has to be done before the runtime starts. */
  readonly startAfter: readonly Task[]
}

/** Registry host → URLs of its mirrors. For runtimes that support mirrors of every registry. */
export type RegistryMirrors = Readonly<Record<string, readonly string[]>>

export interface ContainerRuntimeOutputs {
  /** Done when the runtime answers the kubelet. */
  readonly ready: Task
  /** Done when pods can be given networks. */
  readonly cniPlugins: Task
  /** The units of the runtime, and the files that they get back when a running node does not work with new ones. */
  readonly kept: readonly KeptUnit[]
}

/** The standard CNI plugins, in the folder where every runtime looks for them. */
export function installCniPlugins(scope: Scope, download: ArtifactDownload, after: readonly Task[]): Task {
  const install = { folder: '/opt/cni/bin' }
  return scope.add(installedArtifact({ name: 'cni-plugins', ...download, install }), { after })
}
