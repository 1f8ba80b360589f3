import { z } from 'zod'
import { certificateAuthority, defineRole, directory, type Output, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** What has to be done first: openssl. */
  after: z.array(z.custom<Task>()),
})

export type EtcdCaParameters = z.output<typeof parameters>

export interface EtcdCaOutputs {
  /** PEM. */
  readonly certificate: Output<string>
  readonly made: Task
}

/** Where the CA of etcd lies, with all that it signed. */
export const etcdCaFolder = '/etc/etcd/ca'

const validDays = 3650

/** The CA of an external etcd, on its first host. */
export const etcdCa = defineRole<EtcdCaParameters, EtcdCaOutputs>({
  name: 'etcd-ca',
  params: parameters,
  declare(scope, { after }) {
    const folder = scope.add(directory({ path: etcdCaFolder, mode: 0o700 }))
    const made = scope.add(certificateAuthority({ folder: etcdCaFolder, commonName: 'etcd-ca', days: validDays }), {
      after: [folder, ...after],
    })
    return { certificate: made.output.map(ca => ca.certificate), made }
  },
})
