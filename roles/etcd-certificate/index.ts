import { z } from 'zod'
import { defineRole, type Output, signedCertificate, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** Folder of the CA, on this host. */
  folder: z.string(),
  /** Unique among all that the CA signed. */
  name: z.string(),
  request: z.custom<Output<string>>(),
  usages: z.array(z.enum(['serverAuth', 'clientAuth'])).min(1),
  /** Names and addresses of the one host that uses it. */
  names: z.array(z.string()),
  /** Done when there is a CA. */
  ca: z.custom<Task>(),
})

export type EtcdCertificateParameters = z.output<typeof parameters>

/** Three years, and signed again by any apply in the last of them: etcd and kube-apiserver read it without a restart. */
const validDays = 1095
const renewDays = 365

/** One certificate that the CA of etcd signs; runs on the host of the CA. */
export const etcdCertificate = defineRole<EtcdCertificateParameters, { readonly certificate: Output<string> }>({
  name: 'etcd-certificate',
  params: parameters,
  declare(scope, { ca, ...wanted }) {
    const signed = scope.add(signedCertificate({ ...wanted, days: validDays, renewDays }), { after: [ca] })
    return { certificate: signed.output.map(({ certificate }) => certificate) }
  },
})
