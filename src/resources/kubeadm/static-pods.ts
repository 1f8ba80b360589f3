import { isDeepStrictEqual } from 'node:util'
import { sort, valid } from 'semver'
import type { FieldChange, ProbeResult } from '../../core/resource.ts'
import { syncTreeLine } from '../../shell/on-disk.ts'
import { decodeFile, hostYaml, linesOf, stateFolder } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'

/** The folder where the kubelet finds the manifests of static pods. */
export const manifestFolder = '/etc/kubernetes/manifests'

/** The static pods that `kubeadm init phase control-plane all` creates. */
export const controlPlaneComponents: readonly string[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

/** The folder with the manifests as kubeadm last wrote them. */
export const madeManifests = `${stateFolder}/static-pods`

/** The folder for the manifests from before a change. They are complete if the mark exists, and the change has not ended. */
export const formerManifests = `${stateFolder}/manifests`

/** The mark of a change of the static pods that has begun and not ended: the next one puts the former manifests back first. */
export const formerMark = `${formerManifests}/complete`

/**
 * A shell condition: the host has the manifest of an API server, or a change of the static pods has taken it away and was cut off,
 * e.g. by a loss of power. Then the next apply puts it back.
 */
export const hasApiServer = `{ [ -s ${manifestFolder}/kube-apiserver.yaml ] || { [ -e ${formerMark} ] && [ -s ${formerManifests}/kube-apiserver.yaml ]; }; }`

/**
 * Probe lines that print address, port and version of the API server as kubeadm last wrote them: edits of these by hand are
 * ignored. Where a change was cut off, they are those that will be put back. The version of the manifest that is in place comes
 * after that: see serverVersionIn().
 */
export const printPlace = `manifest=${madeManifests}/kube-apiserver.yaml
[ ! -e ${formerMark} ] || manifest=${formerManifests}/kube-apiserver.yaml
[ -s "$manifest" ] || manifest=${manifestFolder}/kube-apiserver.yaml
sed -n 's/^ *- --advertise-address=/advertiseAddress=/p; s/^ *- --secure-port=/bindPort=/p; s|^ *image: .*/kube-apiserver:v|version=|p' "$manifest" 2>/dev/null || :
sed -n 's|^ *image: .*/kube-apiserver:v|version=|p' ${manifestFolder}/kube-apiserver.yaml 2>/dev/null || :
`

/**
 * The version of the API server, without `v`, from the output of `printPlace`; empty: not known. It is the older one of what kubeadm
 * wrote last and what is in place: where former manifests were put back, and the run was then cut off, they are older than what kubeadm
 * wrote last, and so is the member of etcd beside them.
 */
export function serverVersionIn(raw: ProbeResult): string {
  const [oldest] = sort(linesOf(raw, 'version').filter(version => valid(version) !== null))
  return oldest ?? ''
}

/** Shell command that prints the etcd URLs that the API server uses, a line each. */
export const printEtcdServers = `{ sed -n 's/^ *- --etcd-servers=//p' ${manifestFolder}/kube-apiserver.yaml 2>/dev/null | tr ',' '\\n'; }`

/** A shell condition: two manifests describe the same pod in any notation, so the kubelet does not restart it. Needs `manifestFunction`. */
export function sameManifest(one: string, other: string): string {
  return `[ "$(meant ${one})" = "$(meant ${other})" ]`
}

/** A shell function for sameManifest(): prints the pod as the kubelet reads it. It needs no API server. */
export const manifestFunction = `meant() { ${kubeadmApi.kubectl} annotate --local -f "$1" evcctl.dev/none- -o json 2>/dev/null || cat "$1" 2>/dev/null || :; }
`

/** Shell lines that record the manifests that kubeadm has just written, so that later edits are detected. */
export const noteManifests = `rm -rf ${madeManifests}.new
mkdir -m 0700 ${madeManifests}.new
for component in ${controlPlaneComponents.join(' ')}; do
  if [ -e ${manifestFolder}/$component.yaml ]; then cp -p ${manifestFolder}/$component.yaml ${madeManifests}.new/; fi
done
${syncTreeLine(`${madeManifests}.new`)}
rm -rf ${madeManifests}
mv -fT ${madeManifests}.new ${madeManifests}
`

/** Probe lines for `editedManifests`: `edited=<component> <base64 as written> <base64 as it is>` each. One process if none is edited. */
export const printEdited = `if [ -d ${madeManifests} ]; then
  for component in $(diff -r -q -B -I '^ *#' ${madeManifests} ${manifestFolder} 2>/dev/null |
    sed -n 's|^Files ${madeManifests}/\\(.*\\)\\.yaml and .* differ$|\\1|p; s|^Only in ${madeManifests}: \\(.*\\)\\.yaml$|\\1|p'); do
    printf 'edited=%s %s %s\\n' "$component" "$(base64 -w 0 <${madeManifests}/$component.yaml)" "$(cat ${manifestFolder}/$component.yaml 2>/dev/null | base64 -w 0)"
  done
fi
`

/** A manifest that somebody has edited or removed since kubeadm wrote it. */
export interface EditedManifest {
  readonly component: string
  /** Its text as kubeadm last wrote it. */
  readonly made: string
  /** Its text now; empty: it was removed. */
  readonly current: string
}

/** Parses the output of `printEdited`. Quotes, indents and comments are no edits: to the kubelet it is the same pod. */
export function editedManifests(raw: ProbeResult): readonly EditedManifest[] {
  return linesOf(raw, 'edited')
    .map(line => line.split(' '))
    .map(([component = '', made, current]) => ({ component, made: decodeFile(made), current: decodeFile(current) }))
    .filter(({ made, current }) => current === '' || !isDeepStrictEqual(meaning(current), meaning(made)))
}

/**
 * Edits as a plan shows them. kubeadm will write what it last wrote, unless the arguments change as well (`moreChanges`),
 * or somebody ran kubeadm upgrade.
 */
export function editedFields(edited: readonly EditedManifest[], moreChanges: boolean): readonly FieldChange[] {
  return edited.map(({ component, made, current }) => {
    const field = `${component}.yaml, ${current === '' ? takenAway : notAsMade}`
    const otherImage = current !== '' && imageOf(current) !== imageOf(made)
    if (moreChanges || otherImage) return { field, after: 'made again by kubeadm' }
    return { field, ...(current === '' ? {} : { before: current }), after: made }
  })
}

const [takenAway, notAsMade] = ['taken away', 'not as kubeadm made it last']

/** Whether a field is one of editedFields(). */
export function isEditedField({ field }: FieldChange): boolean {
  return field.endsWith(`.yaml, ${takenAway}`) || field.endsWith(`.yaml, ${notAsMade}`)
}

function imageOf(manifest: string): string | undefined {
  return /^ *image: *(\S+)/m.exec(manifest)?.[1]
}

// An edit may have left text that is no YAML.
function meaning(text: string): unknown {
  return hostYaml(text) ?? text
}
