import { createHash } from 'node:crypto'
import { syncLine, syncTreeLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { newRotationFolder, putCrossBehind, rotationFiles, rotationFolder } from './rotated-ca.ts'

/** What stays of a rotation of the CA, PEM. */
export interface CrossCertificates {
  /** The CA that has taken the place of another, or takes it. */
  readonly next: string
  /** Name and key of the next CA, signed by the former one. */
  readonly cross: string
}

/** The certificates of a rotation of the CA, PEM. */
export interface RotationCertificates extends CrossCertificates {
  /** The CA that is replaced. */
  readonly former: string
  /** That one of both CAs by which the controller managers sign. */
  readonly signing: string
}

const pki = rotationFolder.slice(0, rotationFolder.lastIndexOf('/'))

/** A function of sh: whether a certificate and a key belong to each other. Without a key, or openssl, they do not. */
export const sameKeyFunction = `same_key() {
  public=$(openssl pkey -in "$2" -pubout 2>/dev/null) && [ "$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null)" = "$public" ]
}
`

/**
 * Functions of sh: `next_key` prints the path of the key of the next CA, and fails where the host does not have it. Once that CA signs, the
 * key is `ca.key`, which a node that has joined since has nowhere else. With sameKeyFunction.
 */
export const nextKeyFunction = `${sameKeyFunction}next_key() {
  for own in ${rotationFiles.nextKey} ${pki}/ca.key; do
    if same_key ${rotationFiles.nextCertificate} "$own"; then
      echo "$own"
      return
    fi
  done
  return 1
}
`

/**
 * Lines of sh around others that make the files of a rotation in the folder `$new`: all of them get to their place at once. What
 * the controller manager publishes is made of them: both CAs.
 */
export const toPlace = {
  begin: `umask 022
new=${newRotationFolder}
rm -rf "$new"
mkdir -p "$new"
`,
  end: `if [ -e "$new/former.crt" ]; then cat "$new/former.crt" "$new/next.crt" >"$new/trust.crt"; fi
chmod 644 "$new"/*.crt
for key in "$new"/*.key; do
  if [ -e "$key" ]; then chmod 600 "$key"; fi
done
${syncTreeLine('"$new"')}
rm -rf ${rotationFolder}
mv -T "$new" ${rotationFolder}
${syncLine(pki)}
`,
} as const

/** A line of sh that prints a text, whatever it has in it. */
export function printText(text: string): string {
  return `printf %s ${quote(Buffer.from(text).toString('base64'))} | base64 -d`
}

/** Lines of sh that write the certificates of a rotation into the folder `$new`. */
export function writeCertificates(certificates: CrossCertificates | RotationCertificates): string {
  return Object.entries(certificates)
    .map(([name, pem]) => `${printText(pem)} >"$new/${name}.crt"\n`)
    .join('')
}

/**
 * A function of sh, `place_rotation`, for a host that joins as a control plane node while the CA is rotated, or later: its controller manager
 * finds its files when kubeadm starts it, and its API server gets the cross certificate. kubeadm waits for the controller manager, and a reset
 * takes the files away again.
 */
export function placeRotationFunction(certificates: CrossCertificates | RotationCertificates): string {
  // It runs as a condition, where sh goes on after what fails. So its end looks whether all of it is there.
  const checks = Object.entries(certificates)
    .map(([name, pem]) => `[ "$(sha256sum <${rotationFolder}/${name}.crt)" = '${sha256(pem)}  -' ] || return 1\n`)
    .join('')
  return `place_rotation() {
if ! command -v openssl >/dev/null; then
  echo 'this host has no openssl, by which the certificate of its API server is known: name it in spec.os.packages.extra of cluster.yaml' >&2
  return 1
fi
${toPlace.begin}${writeCertificates(certificates)}${toPlace.end}${checks}}
`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

const countIn = (file: string) => `$(cat ${file} 2>/dev/null | grep -c '^-----BEGIN CERTIFICATE-----')`

/**
 * Lines of sh that put the cross certificate behind the one that kubeadm has made for the API server; see putCrossBehind(). They may run
 * while kubeadm writes it.
 */
export const completeServing = `if [ "${countIn(`${pki}/apiserver.crt`)}" = 1 ]; then
  cp -p ${pki}/apiserver.crt ${pki}/apiserver.crt.next
  ${putCrossBehind(`${pki}/apiserver.crt.next`).trimEnd().replaceAll('\n', '\n  ')}
  if [ "${countIn(`${pki}/apiserver.crt.next`)}" -gt 1 ]; then
    ${syncLine(`${pki}/apiserver.crt.next`)}
    mv -fT ${pki}/apiserver.crt.next ${pki}/apiserver.crt
  else rm -f ${pki}/apiserver.crt.next
  fi
fi
`

/**
 * A function of sh, `complete_serving`: does so as soon as kubeadm has made the certificate, which is seconds before it starts the kubelet
 * and so the API server. It ends with the script at the latest.
 */
export const completeServingFunction = `complete_serving() {
  until [ "${countIn(`${pki}/apiserver.crt`)}" -gt 1 ]; do
    sleep 0.2
    kill -s 0 "$$" 2>/dev/null || break
    ${completeServing.trimEnd().replaceAll('\n', '\n    ')}
  done
}
`
