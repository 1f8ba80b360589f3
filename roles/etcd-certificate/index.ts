import { type Output, type Renewal, type Role, renewDaysIn, signedCertificate, type Task } from '../../src/index.ts'

export interface EtcdCertificateParameters {
  /** Folder of the CA, on this host. */
  readonly folder: string
  /** Unique among all certificates that the CA signed. */
  readonly name: string
  readonly request: Output<string>
  readonly usages: readonly ('serverAuth' | 'clientAuth')[]
  /** Names and addresses of the one host that uses the certificate. */
  readonly names: readonly string[]
  readonly renewal: Renewal
  /** Done when there is a CA. */
  readonly ca: Task
}

/** Three years. Any apply in the last year signs it again: etcd and kube-apiserver read it without a restart. */
const validDays = 1095
const dueDays = 365

/** One certificate signed by etcd's CA. Runs on the host of the CA. */
export const etcdCertificate: Role<EtcdCertificateParameters, { readonly certificate: Output<string> }> = {
  name: 'etcd-certificate',
  declare(scope, { ca, renewal, ...wanted }) {
    const renewDays = renewDaysIn(validDays, renewal, dueDays)
    const signed = scope.add(signedCertificate({ ...wanted, days: validDays, renewDays }), { after: [ca] })
    return { certificate: signed.output.map(({ certificate }) => certificate) }
  },
}
