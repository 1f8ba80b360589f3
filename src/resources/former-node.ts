import { keptFolder } from './kept-files.ts'
import { changeMarks, formerManifests } from './kubeadm-configuration-state.ts'
import { networkCheckStamp } from './kubeadm-state.ts'
import { kubeletUnit } from './kubelet-files.ts'
import { kubeletUnproven } from './kubelet-service.ts'
import { madeManifests } from './static-pods.ts'

const notes = [
  ...Object.values(changeMarks),
  formerManifests,
  madeManifests,
  networkCheckStamp,
  kubeletUnproven,
  keptFolder(kubeletUnit),
]

/** A shell line that forgets what was noted of the node that the host has been; comes before it is made one again. */
export const forgetFormerNode = `rm -rf ${notes.join(' ')}\n`
