import type { ArtifactName } from './artifact.ts'

/** What evcctl knows of a container runtime wherever it is installed. */
export interface Runtime {
  /** The name that people use; a version can follow it. */
  readonly title: string
  /** The download whose version `spec.runtime.version` is. */
  readonly artifact: ArtifactName
  /** The CRI socket. kubeadm is always given it, so that a second runtime on the host does not confuse kubeadm. */
  readonly socket: string
  /** The systemd unit that serves the socket; the kubelet starts after this unit. */
  readonly unit: string
}

/** The container runtimes; the first is the default. Docker itself is the distribution's package docker.io. */
export const runtimes = {
  containerd: {
    title: 'containerd',
    artifact: 'containerd',
    socket: 'unix:///run/containerd/containerd.sock',
    unit: 'containerd.service',
  },
  'cri-o': { title: 'CRI-O', artifact: 'cri-o', socket: 'unix:///run/crio/crio.sock', unit: 'crio.service' },
  docker: {
    title: 'Docker with cri-dockerd',
    artifact: 'cri-dockerd',
    socket: 'unix:///run/cri-dockerd.sock',
    unit: 'cri-docker.service',
  },
} as const satisfies Record<string, Runtime>

export type RuntimeName = keyof typeof runtimes
export const runtimeNames = Object.keys(runtimes) as [RuntimeName, ...RuntimeName[]]

/** The path of a CRI socket in the form used for comparisons: `/run/crio/crio.sock` for `unix:///var/run/crio/crio.sock`. */
export function socketPath(socket: string): string {
  return socket.replace(/^unix:\/\//, '').replace(/^\/var\/run\//, '/run/')
}

/** The runtime that a CRI socket belongs to; undefined for one that evcctl does not know. */
export function runtimeOfSocket(socket: string): RuntimeName | undefined {
  return runtimeNames.find(name => socketPath(runtimes[name].socket) === socketPath(socket))
}
