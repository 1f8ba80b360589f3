import type { X509Certificate } from 'node:crypto'
import type { ProbeResult } from '../../core/resource.ts'
import { type FoundCertificate, printCertificates, readCertificates } from '../../facts/index.ts'
import { caHashesOf, isSignedBy, signersOf } from '../pki/index.ts'
import { linesOf } from '../support/index.ts'
import { rotationFiles } from './rotated-ca.ts'

const folder = '/etc/kubernetes/'

/** The CAs of kubeadm, in the folder pki. */
const authorities = ['ca', 'etcd/ca', 'front-proxy-ca'] as const

interface CertificateFile {
  /** As `kubeadm certs renew` has it. */
  readonly name: string
  /** Below /etc/kubernetes. */
  readonly path: string
  readonly ca: (typeof authorities)[number]
}

/** The certificates that `kubeadm certs renew` renews (kubeadm/app/phases/certs/renewal); super-admin.conf is off the nodes. */
const files: readonly CertificateFile[] = [
  { name: 'admin.conf', path: 'admin.conf', ca: 'ca' },
  { name: 'apiserver', path: 'pki/apiserver.crt', ca: 'ca' },
  { name: 'apiserver-etcd-client', path: 'pki/apiserver-etcd-client.crt', ca: 'etcd/ca' },
  { name: 'apiserver-kubelet-client', path: 'pki/apiserver-kubelet-client.crt', ca: 'ca' },
  { name: 'controller-manager.conf', path: 'controller-manager.conf', ca: 'ca' },
  { name: 'etcd-healthcheck-client', path: 'pki/etcd/healthcheck-client.crt', ca: 'etcd/ca' },
  { name: 'etcd-peer', path: 'pki/etcd/peer.crt', ca: 'etcd/ca' },
  { name: 'etcd-server', path: 'pki/etcd/server.crt', ca: 'etcd/ca' },
  { name: 'front-proxy-client', path: 'pki/front-proxy-client.crt', ca: 'front-proxy-ca' },
  { name: 'scheduler.conf', path: 'scheduler.conf', ca: 'ca' },
]

/** A certificate on a control plane node that kubeadm can renew there. */
export interface RenewableCertificate {
  /** As `kubeadm certs renew` has it. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** ms since the epoch. */
  readonly validTo: number
  /** When its CA expires, ms since the epoch. */
  readonly caValidTo: number
  /** Whether it is of the cluster's main CA, and not of etcd's or the front proxy's. */
  readonly ofCluster: boolean
  /** CA certificate hash of the CA that has signed it. */
  readonly signer: string
}

/** Probe lines that print the certificates and CAs of kubeadm, and which CAs have their key there. */
export const printRenewable = `${printCertificates([
  ...authorities.map(ca => `${folder}pki/${ca}.crt`),
  ...files.map(({ path }) => `${folder}${path}`),
  rotationFiles.nextCertificate,
])}if [ -s ${rotationFiles.cross} ] && tail -c "$(wc -c <${rotationFiles.cross})" ${folder}pki/apiserver.crt 2>/dev/null | cmp -s - ${rotationFiles.cross}; then
  echo crossBehind=yes
fi
if [ -s ${rotationFiles.cross} ]; then echo cross=yes; fi
for ca in ${authorities.join(' ')}; do if [ -s ${folder}pki/"$ca.key" ]; then echo "key=$ca"; fi; done
`

/**
 * Parses the output of printRenewable. A certificate that no CA there has signed is somebody's own, and without the key of
 * the CA none can be signed: such certificates are left out. Where a file has two CAs, because one replaces the other, kubeadm
 * signs by the first one.
 */
export function renewableIn(raw: ProbeResult): readonly RenewableCertificate[] {
  const found = readCertificates(raw.stdout.split('\n').filter(line => line.startsWith('certificate ')))
  const keys = linesOf(raw, 'key')
  return files.flatMap(({ name, path, ca }) => {
    const authorities = signersOf(at(found, `pki/${ca}.crt`))
    const [signer] = authorities
    const [certificate] = at(found, path)
    if (signer === undefined || certificate === undefined || !keys.includes(ca)) return []
    const by = authorities.find(one => isSignedBy(certificate, one))
    if (by === undefined) return []
    const [validTo, caValidTo] = [certificate, signer].map(one => one.validToDate.getTime())
    const ofCluster = ca === 'ca'
    const [hash = ''] = caHashesOf(by.toString())
    return [{ name, path: `${folder}${path}`, validTo: validTo!, caValidTo: caValidTo!, ofCluster, signer: hash }]
  })
}

/**
 * Whether the API server shows a certificate by the CA of the last rotation without the cross certificate, as kubeadm writes it: clients that
 * have read the former CA alone refuse it.
 */
export function lacksCross(raw: ProbeResult): boolean {
  if (linesOf(raw, 'cross').length === 0 || linesOf(raw, 'crossBehind').length > 0) return false
  const found = readCertificates(raw.stdout.split('\n').filter(line => line.startsWith('certificate ')))
  const next = found.find(({ path }) => path === rotationFiles.nextCertificate)
  const [shown] = at(found, 'pki/apiserver.crt')
  return next !== undefined && shown !== undefined && isSignedBy(shown, next.certificate)
}

function at(found: readonly FoundCertificate[], path: string): readonly X509Certificate[] {
  return found.filter(one => one.path === `${folder}${path}`).map(({ certificate }) => certificate)
}
