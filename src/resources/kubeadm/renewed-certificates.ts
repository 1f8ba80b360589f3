import { setMark, syncTreeLine } from '../../shell/on-disk.ts'
import { recordProcesses } from './restarted-components.ts'
import { putCrossBehind } from './rotated-ca.ts'
import { manifestFolder } from './static-pods.ts'

const kubernetes = manifestFolder.slice(0, manifestFolder.lastIndexOf('/'))
/**
 * The folder with new certificates, and with copies of all keys of the cluster, until they are in their places. It is on the disk of
 * the files that they replace, because only a rename there is one write.
 */
export const renewedFolder = `${kubernetes}/evcctl-renewed`
const beside = renewedFolder

/** This file lies beside complete new certificates until all of them are in their places. */
export const renewedMark = `${beside}/complete`

// Keys come first: a certificate whose key is not there yet is what readers would notice.
const putInPlace = `${recordProcesses}for file in $(cd ${beside}/new && find . -name '*.key' && find . -type f ! -name '*.key'); do
  mv -fT ${beside}/new/"$file" ${kubernetes}/"$file"
done
rm -rf ${beside}
`

/** Lines of sh that complete a renewal that was cut off: complete files are moved to their places, incomplete ones removed. */
export const finishRenewal = `if [ -e ${renewedMark} ]; then
  echo 'moving renewed certificates to their places'
  ${putInPlace.trimEnd().replaceAll('\n', '\n  ')}
fi
rm -rf ${beside}
`

// kubeadm gives a kubeconfig the first CA of ca.crt alone (kubeadm/app/phases/certs/renewal). While one CA replaces the other,
// the API server's certificate may be signed by either.
const trustAll = `if [ "$(grep -c '^-----BEGIN CERTIFICATE-----' ${kubernetes}/pki/ca.crt)" -gt 1 ]; then
  trusted=$(sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' ${kubernetes}/pki/ca.crt | base64 | tr -d '\\n')
  for file in ${beside}/new/*.conf; do
    ! cmp -s "$file" ${kubernetes}/"\${file##*/}" || continue
    sed -i "s|^\\( *certificate-authority-data: \\).*|\\1$trusted|" "$file"
  done
fi
`

/**
 * A script that renews certificates of a control plane node. kubeadm writes each file in its place, and a power cut in that
 * moment would leave a node without certificates; so it writes copies, which replace the files by rename once all of them
 * are on the disk. Which programs have to start again for them: see restarted-components.ts. `configuration`: a file on the
 * host with the kubeadm documents, a quoted word. `names`: as `kubeadm certs renew` has them; default all, those in
 * kubeconfigs included. No API server is needed.
 */
export function renewCertificatesScript(configuration: string, names: readonly string[] = ['all']): string {
  return `${finishRenewal}umask 077
mkdir -p ${beside}/new
cp -a ${kubernetes}/pki ${beside}/new/
for file in ${kubernetes}/*.conf; do [ ! -f "$file" ] || cp -p "$file" ${beside}/new/; done
unshare -m sh -ec 'mount --bind ${beside}/new/pki ${kubernetes}/pki
for file in ${beside}/new/*.conf; do mount --bind "$file" ${kubernetes}/"\${file##*/}"; done
config=$1
shift
for name; do kubeadm certs renew "$name" --config "$config"; done' sh ${configuration} ${names.join(' ')}
${trustAll}${putCrossBehind(`${beside}/new/pki/apiserver.crt`)}for file in $(cd ${beside}/new && find . -type f); do
  if cmp -s ${beside}/new/"$file" ${kubernetes}/"$file"; then rm -f ${beside}/new/"$file"; fi
done
${syncTreeLine(`${beside}/new`)}
${setMark(renewedMark)}${putInPlace}`
}
