import type { FieldChange, ProbeResult } from '../core/resource.ts'
import { decodeFile, stateFolder } from './kubeadm-state.ts'
import { linesOf } from './probe-output.ts'

/** Where the kubelet finds the manifests of static pods. */
export const manifestFolder = '/etc/kubernetes/manifests'

/** The static pods that `kubeadm init phase control-plane all` makes. */
export const controlPlaneComponents: readonly string[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

// The manifests as kubeadm made them last.
const made = `${stateFolder}/static-pods`

/** Whether two manifests say the same, comments and blank lines aside: the kubelet makes no new pod for those. */
export function sameManifest(one: string, other: string): string {
  return `diff -q -B -I '^ *#' ${one} ${other} >/dev/null 2>&1`
}

/** Shell lines that note the manifests which kubeadm has just made, so that what is edited afterwards is seen. */
export const noteManifests = `rm -rf ${made}.new
mkdir -m 0700 ${made}.new
for component in ${controlPlaneComponents.join(' ')}; do cp -p ${manifestFolder}/$component.yaml ${made}.new/; done
rm -rf ${made}
mv ${made}.new ${made}
`

/** Probe lines for `editedManifests`: `edited=<component> <base64 as made> <base64 as it is>` each. One process when all are as made. */
export const printEdited = `if [ -d ${made} ]; then
  for component in $(diff -r -q -B -I '^ *#' ${made} ${manifestFolder} 2>/dev/null |
    sed -n 's|^Files ${made}/\\(.*\\)\\.yaml and .* differ$|\\1|p; s|^Only in ${made}: \\(.*\\)\\.yaml$|\\1|p'); do
    printf 'edited=%s %s %s\\n' "$component" "$(base64 -w 0 <${made}/$component.yaml)" "$(cat ${manifestFolder}/$component.yaml 2>/dev/null | base64 -w 0)"
  done
fi
`

/** The manifests that somebody has edited or taken away since kubeadm made them, line by line. */
export function editedManifests(raw: ProbeResult): readonly FieldChange[] {
  return linesOf(raw, 'edited').map(line => {
    const [component = '', made, current] = line.split(' ')
    const after = decodeFile(made)
    const before = decodeFile(current)
    if (before === '') return { field: `${component}.yaml, taken away by hand`, after }
    return { field: `${component}.yaml, edited by hand`, before, after }
  })
}
