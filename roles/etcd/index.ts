import { z } from 'zod'
import {
  artifactDownload,
  defineRole,
  type EtcdDataByHost,
  etcdFolder,
  etcdHealth,
  etcdMember,
  etcdPaths,
  etcdRemoval,
  etcdService,
  etcdUnit,
  file,
  installedArtifact,
  type Output,
  renderTemplate,
  type Task,
} from '../../src/index.ts'

const member = z.strictObject({ name: z.string(), peerURL: z.string(), clientURL: z.string() })

const installation = z.strictObject({
  etcd: artifactDownload,
  /** Folder in the archive, e.g. `etcd-v3.6.8-linux-amd64`. */
  archiveFolder: z.string(),
  /** This host. */
  member,
  /** Client URLs of all members. */
  endpoints: z.array(z.string()).min(1),
  /** PEM. */
  ca: z.custom<Output<string>>(),
  serverCertificate: z.custom<Output<string>>(),
  peerCertificate: z.custom<Output<string>>(),
  /** What downloads need: curl. */
  downloadAfter: z.array(z.custom<Task>()),
})

export type EtcdInstallationParameters = z.output<typeof installation>

export interface EtcdInstallationOutputs {
  /** All that etcd needs to start. */
  readonly ready: readonly Task[]
  /** What a running etcd has to be restarted for. Certificates are not: it reads them at every connection. */
  readonly watch: readonly Task[]
}

const { pki, server, environment, unitFile, firstStart, data, creating, clientEnvironment } = etcdPaths

/** The programs, settings and certificates of an etcd member. */
export const etcdInstallation = defineRole<EtcdInstallationParameters, EtcdInstallationOutputs>({
  name: 'etcd',
  params: installation,
  declare(scope, params) {
    const { archiveFolder, member: own } = params
    const members = Object.fromEntries(
      ['etcd', 'etcdctl', 'etcdutl'].map(name => [`${archiveFolder}/${name}`, `/usr/local/bin/${name}`]),
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
})

const joining = z.strictObject({
  name: z.string(),
  members: z.array(member).min(1),
  /** What each host that answered has, by name. */
  data: z.custom<EtcdDataByHost>(),
  token: z.string(),
  allowEven: z.boolean(),
  after: z.array(z.custom<Task>()),
})

export type EtcdMembershipParameters = z.output<typeof joining>

/** A host becomes a member: together with all others when there is no cluster, else as a learner that is promoted. */
export const etcdMembership = defineRole<EtcdMembershipParameters, { readonly joined: Task }>({
  name: 'etcd',
  params: joining,
  declare: (scope, { after, ...wanted }) => ({ joined: scope.add(etcdMember(wanted), { after }) }),
})

const removal = z.strictObject({
  of: z.enum(['dead', 'former']),
  /** The member that does it. */
  name: z.string(),
  /** All wanted members. */
  members: z.array(member).min(1),
  data: z.custom<EtcdDataByHost>(),
  allowEven: z.boolean(),
  after: z.array(z.custom<Task>()),
})

export type EtcdRemovalRoleParameters = z.output<typeof removal>

/** Members leave that are not wanted any more, or whose data is gone. */
export const etcdLeaving = defineRole<EtcdRemovalRoleParameters, { readonly left: Task }>({
  name: 'etcd',
  params: removal,
  declare: (scope, { after, ...wanted }) => ({ left: scope.add(etcdRemoval(wanted), { after }) }),
})

const running = z.strictObject({
  name: z.string(),
  /** All wanted members, this one too. */
  members: z.array(member).min(1),
  data: z.custom<EtcdDataByHost>(),
  /** Its membership; of one that does not run yet, also all members that have to be there before it is started. */
  after: z.array(z.custom<Task>()),
  watch: z.array(z.custom<Task>()),
})

export type EtcdRunningParameters = z.output<typeof running>

/** A member that runs with its settings as they are now, and is healthy. */
export const etcdRunning = defineRole<EtcdRunningParameters, { readonly unit: Task; readonly healthy: Task }>({
  name: 'etcd',
  params: running,
  declare(scope, params) {
    const { name, members, data, after, watch } = params
    const unit = scope.add(etcdService({ name, members, data }), { after, watch })
    const { clientURL } = members.find(one => one.name === name)!
    return { unit, healthy: scope.add(etcdHealth(name, clientURL), { after: [unit] }) }
  },
})

function template(name: string, values: object): string {
  return renderTemplate(new URL(`templates/${name}.hbs`, import.meta.url), values)
}
