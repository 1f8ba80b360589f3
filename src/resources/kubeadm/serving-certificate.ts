import { setMark } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { putCrossBehind } from './rotated-ca.ts'

const folder = '/etc/kubernetes/pki'
const beside = `${folder}/evcctl-apiserver`
// The certificate is replaced last: as long as the old one is there, its names show that the change is not complete.
const pair = ['key', 'crt'].map(ending => `apiserver.${ending}`)

/** This file lies beside a complete new certificate of the API server until that is in its place. */
export const newServingCertificateMark = `${beside}/complete`

/**
 * Shell lines that complete a change of the API server's certificate that was cut off: a complete pair is moved to its
 * place, and an incomplete one is removed. They need no API server.
 */
export const finishServingCertificate = `if [ -e ${newServingCertificateMark} ]; then
  for file in ${pair.join(' ')}; do
    if [ -e ${beside}/"$file" ]; then mv -f ${beside}/"$file" ${folder}/; fi
  done
fi
rm -rf ${beside}
`

/**
 * A script that gives the API server a new certificate, with the names of the kubeadm documents in `configuration`. kubeadm
 * creates none where one exists, so it writes to a folder of its own. There is never a moment without a certificate: a
 * reboot then would leave the host without an API server. The API server notices the new files by itself.
 */
export function servingCertificateScript(configuration: string): string {
  return `rm -rf ${beside}
mkdir -m 0700 ${beside}
ln -s ../ca.crt ../ca.key ${beside}/
( umask 077
  sed -e '/^certificatesDir:/d' -e 's|^kind: ClusterConfiguration$|&\\
certificatesDir: ${beside}|' ${quote(configuration)} >${beside}/kubeadm.yaml )
if ! kubeadm init phase certs apiserver --config ${beside}/kubeadm.yaml; then
  rm -rf ${beside}
  exit 1
fi
${putCrossBehind(`${beside}/apiserver.crt`)}sync
${setMark(newServingCertificateMark)}mv -f ${pair.map(file => `${beside}/${file}`).join(' ')} ${folder}/
rm -rf ${beside}
`
}
