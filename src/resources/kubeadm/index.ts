/** kubeadm on a host and in a cluster: init, join, reset, and changes of its documents. */

export * from './api-access.ts'
export { gateBeforeKubelet } from './api-gate.ts'
export * from './bootstrap-token.ts'
export * from './certificate-key.ts'
export { apiAnswers } from './change-steps.ts'
export * from './cluster-addons.ts'
export * from './cluster-of-host.ts'
export type { ClusterDocuments } from './cluster-record.ts'
export * from './configuration.ts'
export * from './configuration-state.ts'
export * from './control-plane-configuration.ts'
export * from './control-plane-join.ts'
export * from './documents.ts'
export * from './ephemeral-values.ts'
export * from './etcd-registry.ts'
export * from './facts.ts'
export * from './former-static-pods.ts'
export * from './hold-control-plane.ts'
export { clusterRecord } from './host-record.ts'
export * from './init.ts'
export * from './join.ts'
export * from './kubelet-configuration.ts'
export * from './kubelet-flags.ts'
export * from './member-gone.ts'
export * from './minor-on-the-way.ts'
export * from './node-certificates.ts'
export * from './node-reset.ts'
export * from './node-runtime.ts'
export * from './pulled-images.ts'
export * from './renewal-rule.ts'
export { renewedMark } from './renewed-certificates.ts'
export { recordProcesses, restartFormer } from './restarted-components.ts'
export { kubeletCaMark, newRotationFolder, rotationFiles, rotationFolder } from './rotated-ca.ts'
export { onlyRotationFiles, withRotationFiles } from './rotation-arguments.ts'
export {
  type CrossCertificates,
  nextKeyFunction,
  printText,
  type RotationCertificates,
  sameKeyFunction,
  toPlace,
  writeCertificates,
} from './rotation-folder.ts'
export * from './stacked-etcd-data.ts'
