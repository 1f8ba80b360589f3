import {
  directory,
  type EtcdClientFiles,
  etcdAnswer,
  etcdReachable,
  file,
  type Output,
  type Role,
  type Secret,
  type Task,
} from '../../src/index.ts'

const folder = '/etc/evcctl/etcd'

/** Not in the folder of kubeadm's certificates: `kubeadm reset` empties that, also when evcctl repeats an interrupted init. */
export const etcdClientPaths = {
  folder,
  ca: `${folder}/ca.crt`,
  certificate: `${folder}/client.crt`,
  key: `${folder}/client.key`,
} as const

/** The same, as an etcd is asked with them. */
export const clientFiles: EtcdClientFiles = {
  caFile: etcdClientPaths.ca,
  certFile: etcdClientPaths.certificate,
  keyFile: etcdClientPaths.key,
}

export interface EtcdClientParameters {
  /** The CA certificate of etcd, PEM. */
  readonly ca: string | Output<string>
  readonly certificate: string | Output<string>
  /** The key of an etcd that somebody else runs; for evcctl's own etcd, the host generates the key. */
  readonly key?: Secret
  /** Client URLs. */
  readonly endpoints: readonly string[]
  /** Whether somebody else runs this etcd: then it is checked before anything is written. */
  readonly foreign: boolean
  /** Done when the host has its packages and etcd can answer. */
  readonly after: readonly Task[]
}

export interface EtcdClientOutputs {
  /** The tasks for which kubeadm has to wait. */
  readonly ready: readonly Task[]
}

/** The client certificate of kube-apiserver for an external etcd. kube-apiserver reads it at every connection: no restart. */
export const etcdClient: Role<EtcdClientParameters, EtcdClientOutputs> = {
  name: 'etcd-client',
  declare(scope, { ca, certificate, key, endpoints, foreign, after }) {
    const made = key === undefined ? undefined : scope.add(directory({ path: folder, mode: 0o700 }))
    const order = { after: made === undefined ? [] : [made] }
    const files: Task[] = [
      scope.add(file({ path: etcdClientPaths.ca, mode: 0o644, content: ca }), order),
      scope.add(file({ path: etcdClientPaths.certificate, mode: 0o644, content: certificate }), order),
    ]
    if (key !== undefined) {
      files.push(scope.add(file({ path: etcdClientPaths.key, mode: 0o600, content: key }), order))
    }
    const reached = foreign && typeof ca === 'string' ? [scope.add(etcdReachable(endpoints, ca))] : []
    const answer = etcdAnswer({ endpoints, ...clientFiles })
    return { ready: [scope.add(answer, { after: [...after, ...reached], watch: files })] }
  },
}
