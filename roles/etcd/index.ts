import {
  type ArtifactDownload,
  type EtcdDataByHost,
  type EtcdHost,
  etcdFolder,
  etcdHealth,
  etcdMember,
  etcdPaths,
  etcdProgram,
  etcdRemoval,
  etcdService,
  etcdUnit,
  file,
  installedArtifact,
  type Output,
  type Role,
  type Task,
  templatesOf,
} from '../../src/index.ts'

const template = templatesOf(import.meta.url)

export interface EtcdInstallationParameters {
  readonly etcd: ArtifactDownload
  /** Folder in the archive, e.g. `etcd-v3.6.8-linux-amd64`. */
  readonly archiveFolder: string
  /** The member on this host. */
  readonly member: EtcdHost
  /** Client URLs of all members. */
  readonly endpoints: readonly string[]
  /** The CA certificate of etcd, PEM. */
  readonly ca: Output<string>
  readonly serverCertificate: Output<string>
  readonly peerCertificate: Output<string>
  /** Done when the host can download: curl is installed. */
  readonly downloadAfter: readonly Task[]
}

export interface EtcdInstallationOutputs {
  /** The tasks that must be done before etcd starts. */
  readonly ready: readonly Task[]
  /** The changes that need a restart of etcd. Certificates do not: etcd reads them at every connection. */
  readonly watch: readonly Task[]
}

const { pki, server, environment, unitFile, firstStart, data, creating, clientEnvironment } = etcdPaths

/** The programs, settings and certificates of an etcd member. */
export const etcdInstallation: Role<EtcdInstallationParameters, EtcdInstallationOutputs> = {
  name: 'etcd',
  declare(scope, params) {
    const { archiveFolder, member: own } = params
    const members = Object.fromEntries(
      ['etcd', 'etcdctl', 'etcdutl'].map(name => [`${archiveFolder}/${name}`, etcdProgram(name)]),
    )
    const programs = scope.add(installedArtifact({ name: 'etcd', ...params.etcd, install: { members } }), {
      after: params.downloadAfter,
    })
    const folder = scope.add(etcdFolder())
    const certificates = [
      scope.add(file({ path: `${pki}/server.crt`, mode: 0o644, content: params.serverCertificate })),
      scope.add(file({ path: `${pki}/peer.crt`, mode: 0o644, content: params.peerCertificate })),
    ]
    const ca = scope.add(file({ path: `${pki}/ca.crt`, mode: 0o644, content: params.ca }))
    const settings = scope.add(
      file({
        path: environment,
        mode: 0o600,
        content: template('etcd.env', {
          ...own,
          data,
          pki,
          listenClient: `${own.clientURL},https://127.0.0.1:2379`,
          is35: params.etcd.version.startsWith('3.5.'),
        }),
      }),
    )
    const unit = scope.add(
      file({
        path: unitFile,
        mode: 0o644,
        content: template(etcdUnit, { server, environment, firstStart, data, creating }),
      }),
    )
    scope.add(
      file({
        path: clientEnvironment,
        mode: 0o644,
        content: template('etcdctl.env', { path: clientEnvironment, pki, endpoints: params.endpoints.join(',') }),
      }),
    )
    const watch = [programs, ca, settings, unit]
    return { ready: [...watch, ...certificates, folder], watch }
  },
}

export interface EtcdMembershipParameters {
  readonly name: string
  readonly members: readonly EtcdHost[]
  /** What the data folder of each host that answered holds, by host name. */
  readonly data: EtcdDataByHost
  readonly token: string
  readonly allowEven: boolean
  readonly after: readonly Task[]
}

/**
 * Makes a host an etcd member. Without a cluster, all hosts become members together; otherwise the host joins as a learner,
 * which is then promoted.
 */
export const etcdMembership: Role<EtcdMembershipParameters, { readonly joined: Task }> = {
  name: 'etcd',
  declare: (scope, { after, ...wanted }) => ({ joined: scope.add(etcdMember(wanted), { after }) }),
}

export interface EtcdRemovalRoleParameters {
  readonly of: 'dead' | 'former'
  /** The member that removes the others. */
  readonly name: string
  /** All desired members. */
  readonly members: readonly EtcdHost[]
  readonly data: EtcdDataByHost
  readonly allowEven: boolean
  readonly after: readonly Task[]
}

/** Removes members that are no longer desired, or whose data is gone. */
export const etcdLeaving: Role<EtcdRemovalRoleParameters, { readonly left: Task }> = {
  name: 'etcd',
  declare: (scope, { after, ...wanted }) => ({ left: scope.add(etcdRemoval(wanted), { after }) }),
}

export interface EtcdRunningParameters {
  readonly name: string
  /** All desired members, this one included. */
  readonly members: readonly EtcdHost[]
  readonly data: EtcdDataByHost
  /**
   * Done when the host is a member. If the member does not run yet, the members that must exist before it starts exist by
   * then, too.
   */
  readonly after: readonly Task[]
  readonly watch: readonly Task[]
}

/** An etcd member that runs with its current settings, and is healthy. */
export const etcdRunning: Role<EtcdRunningParameters, { readonly unit: Task; readonly healthy: Task }> = {
  name: 'etcd',
  declare(scope, params) {
    const { name, members, data, after, watch } = params
    const unit = scope.add(etcdService({ name, members, data }), { after, watch })
    const { clientURL } = members.find(one => one.name === name)!
    return { unit, healthy: scope.add(etcdHealth(name, clientURL), { after: [unit] }) }
  },
}
