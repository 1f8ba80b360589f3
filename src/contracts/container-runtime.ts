import type { HttpProxy } from '../core/http-proxy.ts'
import type { Login } from '../core/login.ts'
import type { Scope } from '../core/scope.ts'
import type { Task } from '../core/task.ts'
import { type ArtifactDownload, installedArtifact } from '../resources/artifacts/index.ts'
import type { KeptUnit } from '../resources/systemd/index.ts'

/** What the role of every container runtime is given; each extends it by what it installs. */
export interface ContainerRuntimeParameters {
  readonly cniPlugins: ArtifactDownload
  /** Image of the container that holds a pod's namespaces. */
  readonly sandboxImage: string
  /** Laid over the runtime's own configuration file, in order. */
  readonly configPatches: readonly Readonly<Record<string, unknown>>[]
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that its certificate may be of. */
  readonly registryCAs: Readonly<Record<string, string>>
  /** Host, or host:port, of a registry or mirror → how the runtime logs into it. */
  readonly registryCredentials: Readonly<Record<string, Login>>
  /** Through what images are pulled; undefined: directly. */
  readonly proxy?: HttpProxy
  /** What downloads need: curl. */
  readonly downloadAfter: readonly Task[]
  /** What has to be done before the runtime starts. */
  readonly startAfter: readonly Task[]
}

/** Registry host → URLs of its mirrors: for runtimes that can have some for every registry. */
export type RegistryMirrors = Readonly<Record<string, readonly string[]>>

export interface ContainerRuntimeOutputs {
  /** Done when the runtime takes calls of the kubelet. */
  readonly ready: Task
  /** Done when pods can be given networks. */
  readonly cniPlugins: Task
  /** Its units, and what they get back when a running node is not well with something new. */
  readonly kept: readonly KeptUnit[]
}

/** The standard CNI plugins where every runtime looks for them. */
export function installCniPlugins(scope: Scope, download: ArtifactDownload, after: readonly Task[]): Task {
  const install = { folder: '/opt/cni/bin' }
  return scope.add(installedArtifact({ name: 'cni-plugins', ...download, install }), { after })
}
