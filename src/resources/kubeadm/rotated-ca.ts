import { stateFolder } from '../support/index.ts'

/** Folder of the CAs of a rotation, on control plane nodes. A reset keeps no copy of it: it has keys of the cluster's CA. */
export const rotationFolder = '/etc/kubernetes/pki/ca-rotation'

/** The same folder while it is made. */
export const newRotationFolder = `${rotationFolder}.new`

/** This file is there from before the kubelet's files change in a rotation until it runs with them and its node is Ready. */
export const kubeletCaMark = `${stateFolder}/kubelet-ca`

/** The files of a rotation of the cluster's CA; see docs/design/ca-rotation.md. */
export const rotationFiles = {
  /** The CA that is replaced; there from the beginning to the end of a rotation. */
  formerCertificate: `${rotationFolder}/former.crt`,
  formerKey: `${rotationFolder}/former.key`,
  /** The CA that takes its place. The certificate stays after the rotation. */
  nextCertificate: `${rotationFolder}/next.crt`,
  nextKey: `${rotationFolder}/next.key`,
  /** Name and key of the next CA, signed by the former one. It stays after the rotation. */
  cross: `${rotationFolder}/cross.crt`,
  /** Both CAs: what the controller manager publishes as the CA of the cluster. */
  trust: `${rotationFolder}/trust.crt`,
  /** The one CA that the controller manager signs with. */
  signing: `${rotationFolder}/signing.crt`,
} as const

/**
 * Lines of sh that put the cross certificate behind a certificate of the API server that the next CA has signed: with it, clients
 * that have read the former CA alone accept it. kubeadm writes the certificate alone. `file`: a quoted word.
 */
export function putCrossBehind(file: string): string {
  const { nextCertificate: next, cross } = rotationFiles
  return `if [ -s ${cross} ] && [ -s ${file} ] && [ "$(grep -c '^-----BEGIN CERTIFICATE-----' ${file})" = 1 ] &&
  openssl verify -no_check_time -CAfile ${next} ${file} >/dev/null 2>&1; then
  cat ${cross} >>${file}
fi
`
}
