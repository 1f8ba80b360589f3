import { kubeletUnit, kubeletUnproven } from '../kubelet/index.ts'
import { networkCheckStamp } from '../support/index.ts'
import { keptFolder } from '../systemd/index.ts'
import { changeMarks } from './configuration-state.ts'
import { renewedMark } from './renewed-certificates.ts'
import { formerCertificates } from './restarted-components.ts'
import { kubeletCaMark, newRotationFolder, rotationFolder } from './rotated-ca.ts'
import { formerManifests, madeManifests } from './static-pods.ts'

const notes = [
  ...Object.values(changeMarks),
  renewedMark,
  formerCertificates,
  formerManifests,
  madeManifests,
  networkCheckStamp,
  kubeletUnproven,
  keptFolder(kubeletUnit),
  rotationFolder,
  newRotationFolder,
  kubeletCaMark,
]

/** A shell line that deletes what was recorded about the node that the host was before; it runs before the host joins again. */
export const forgetFormerNode = `rm -rf ${notes.join(' ')}\n`
