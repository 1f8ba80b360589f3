import { kubeletUnit, kubeletUnproven } from '../kubelet/index.ts'
import { networkCheckStamp } from '../support/index.ts'
import { keptFolder } from '../systemd/index.ts'
import { changeMarks } from './configuration-state.ts'
import { renewedFolder } from './renewed-certificates.ts'
import { formerCertificates } from './restarted-components.ts'
import { kubeletCaMark, newRotationFolder, rotationFolder } from './rotated-ca.ts'
import { formerManifests, madeManifests } from './static-pods.ts'
import { newManifests } from './swap-manifests.ts'

/**
 * What a change that was cut off leaves beside the files of a node: keys of the cluster are among it, and `kubeadm reset` does not
 * know it. The last are kubeconfigs that get other CAs.
 */
export const leftOfChanges: readonly string[] = [
  renewedFolder,
  newManifests,
  rotationFolder,
  newRotationFolder,
  ...['admin', 'super-admin', 'kubelet', 'controller-manager', 'scheduler'].map(
    name => `/etc/kubernetes/${name}.conf.next`,
  ),
]

const notes = [
  ...Object.values(changeMarks),
  ...leftOfChanges,
  formerCertificates,
  formerManifests,
  madeManifests,
  networkCheckStamp,
  kubeletUnproven,
  keptFolder(kubeletUnit),
  kubeletCaMark,
]

/**
 * A shell line that deletes what was recorded about the node that the host was before, and what its changes left; it runs before
 * the host joins again.
 */
export const forgetFormerNode = `rm -rf ${notes.join(' ')}\n`
