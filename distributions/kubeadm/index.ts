import {
  archivesFor,
  type Distribution,
  kubeadmApi,
  kubeadmFacts,
  kubeadmFile,
  rotationFiles,
} from '../../src/index.ts'
import { addonsOf } from './addons.ts'
import { runtimeFolders, runtimePackages } from './declare-runtime.ts'
import { nodeFolders } from './folders.ts'
import { formerNode, staticPods } from './former-node.ts'
import { guardEtcd } from './guard-etcd.ts'
import { kubeadmHealth } from './health.ts'
import { initialise } from './initialise.ts'
import { dissolve } from './leave.ts'
import { portsOf } from './ports.ts'
import { prepare } from './prepare.ts'
import { rolled } from './rolled.ts'
import { dropFormerCa, trustBothCas } from './rotate-ca.ts'
import { sandboxImage } from './sandbox-image.ts'

/**
 * The distribution kubeadm: upstream's programs, a container runtime, and kubeadm, which runs the control plane as static
 * pods.
 */
export const kubeadm: Distribution = {
  name: 'kubeadm',
  api: kubeadmApi,
  facts: kubeadmFacts,
  ownPaths: [],
  staticPods,
  certificates: {
    kubelets: '/var/lib/kubelet/',
    selfSigned: '/var/lib/kubelet/pki/kubelet.crt',
    rotated: '/etc/kubernetes/pki/ca.crt',
    cross: rotationFiles.cross,
    more: [
      '/etc/kubernetes/kubelet.conf',
      '/var/lib/kubelet/pki/kubelet-server-current.pem',
      '/var/lib/kubelet/pki/kubelet.crt',
    ],
    renewal:
      'evcctl apply renews it when fewer than 30 days are left, one control plane node after the other; to do so now: evcctl certs renew',
  },
  byHand: {
    reset: 'kubeadm reset',
    installKubeProxy: `kubeadm init phase addon kube-proxy --config ${kubeadmFile}`,
    renewCertificates: 'kubeadm certs renew all; then restart their static pods',
  },
  formerNode,
  health: kubeadmHealth,
  rolled,
  folders: spec => [...nodeFolders(spec), ...runtimeFolders(spec)],
  ports: portsOf,
  addons: addonsOf,
  sandboxImage,
  packages: ({ inventory }, machine) =>
    runtimePackages(inventory.spec, archivesFor(inventory.spec, machine).length > 0),
  prepare,
  guardEtcd,
  initialise,
  dissolve,
  trustBothCas,
  dropFormerCa,
}
