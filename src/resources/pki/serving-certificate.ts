import { setMark } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'

const folder = '/etc/kubernetes/pki'
const beside = `${folder}/evcctl-apiserver`
// The certificate goes last: as long as it is the old one, its names tell that the change is not done.
const pair = ['key', 'crt'].map(ending => `apiserver.${ending}`)

/** Lies beside a new certificate of the API server that is complete, as long as it is not in its place. */
export const newServingCertificateMark = `${beside}/complete`

/**
 * Shell lines that end a change of the API server's certificate that was cut off: a complete pair goes to its place, what
 * is left of another one is removed. They ask no server.
 */
export const finishServingCertificate = `if [ -e ${newServingCertificateMark} ]; then
  for file in ${pair.join(' ')}; do
    if [ -e ${beside}/"$file" ]; then mv -f ${beside}/"$file" ${folder}/; fi
  done
fi
rm -rf ${beside}
`

/**
 * A script that gives the API server a new certificate, with the names of the kubeadm documents in `configuration`.
 * kubeadm makes none where one is, so it makes it in a folder of its own: there is no moment without a certificate, in
 * which a reboot would leave the host without an API server. That notices the new files by itself.
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
sync
${setMark(newServingCertificateMark)}mv -f ${pair.map(file => `${beside}/${file}`).join(' ')} ${folder}/
rm -rf ${beside}
`
}
