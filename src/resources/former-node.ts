import { changeMarks, formerManifests } from './kubeadm-configuration-state.ts'
import { networkCheckStamp } from './kubeadm-state.ts'
import { madeManifests } from './static-pods.ts'

const notes = [...Object.values(changeMarks), formerManifests, madeManifests, networkCheckStamp]

/** A shell line that forgets what was noted of the node that the host has been; comes before it is made one again. */
export const forgetFormerNode = `rm -rf ${notes.join(' ')}\n`
