import { certificateAuthority, directory, type Output, type Role, type Task } from '../../src/index.ts'

export interface EtcdCaParameters {
  /** Done when openssl is installed. */
  readonly after: readonly Task[]
}

export interface EtcdCaOutputs {
  /** The CA certificate, PEM. */
  readonly certificate: Output<string>
  readonly made: Task
}

/** The folder of etcd's CA and of the certificates that it signed. */
export const etcdCaFolder = '/etc/etcd/ca'

const validDays = 3650

/** The CA of an external etcd, on its first host. */
export const etcdCa: Role<EtcdCaParameters, EtcdCaOutputs> = {
  name: 'etcd-ca',
  declare(scope, { after }) {
    const folder = scope.add(directory({ path: etcdCaFolder, mode: 0o700, own: true }))
    const made = scope.add(certificateAuthority({ folder: etcdCaFolder, commonName: 'etcd-ca', days: validDays }), {
      after: [folder, ...after],
    })
    return { certificate: made.output.map(ca => ca.certificate), made }
  },
}
