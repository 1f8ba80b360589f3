import { z } from 'zod'
import type { HttpProxy } from '../core/http-proxy.ts'
import type { Login } from '../core/login.ts'
import type { Scope } from '../core/scope.ts'
import type { Task } from '../core/task.ts'
import { type ArtifactDownload, artifactDownload, installedArtifact } from '../resources/artifacts/index.ts'
import type { KeptUnit } from '../resources/systemd/index.ts'

/** What the role of every container runtime is given; each extends it by what it installs. */
export const containerRuntimeParameters = z.strictObject({
  cniPlugins: artifactDownload,
  /** Image of the container that holds a pod's namespaces. */
  sandboxImage: z.string(),
  /** Laid over the runtime's own configuration file, in order. */
  configPatches: z.array(z.record(z.string(), z.unknown())),
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that its certificate may be of. */
  registryCAs: z.record(z.string(), z.string()),
  /** Host, or host:port, of a registry or mirror → how the runtime logs into it. */
  registryCredentials: z.record(z.string(), z.custom<Login>()),
  /** Through what images are pulled; undefined: directly. */
  proxy: z.custom<HttpProxy>().optional(),
  /** What downloads need: curl. */
  downloadAfter: z.array(z.custom<Task>()),
  /** What has to be done before the runtime starts. */
  startAfter: z.array(z.custom<Task>()),
})

/** Registry host → URLs of its mirrors: for runtimes that can have some for every registry. */
export const registryMirrors = z.record(z.string(), z.array(z.string()))

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
