/** A cluster as its file and its hosts describe it, and everything that evcctl derives from these. Pure. */

export { peersOf } from './check-peers.ts'
export { type ControlPlaneNode, endpointOf, firstControlPlaneHost, ownApiOf } from './control-plane.ts'
export type {
  AddonsOrder,
  DistributedCluster,
  Distribution,
  EtcdOrder,
  JoiningHost,
  LeavingMachine,
  MemberRemoval,
  MinorOrder,
  NodeMade,
  NodePackages,
  PreparedPrograms,
  PrepareOrder,
  RotatingNodes,
  RotationRoll,
  ServerMade,
  Site,
} from './distribution.ts'
export {
  archivesFor,
  etcdArchiveFolder,
  type FindDownload,
  helmArchiveFolder,
} from './downloads.ts'
export { hasEtcdHosts } from './etcd-members.ts'
export { etcdPorts } from './etcd-ports.ts'
export { getsOtherVersion, serverGetsOtherVersion, untouchedServers } from './gets-other-version.ts'
export { proxyOf } from './http-proxy.ts'
export { type Inventory, inventoryOf, type LeavingHost, type Operation, type StrayNode } from './inventory.ts'
export { lockVoters, lockWitnesses } from './lock-voters.ts'
export { type Machine, machinesOf } from './machines.ts'
export { memberQuestion } from './member-question.ts'
export {
  kubeletsBehind,
  kubeletsTooOld,
  type MinorOnTheWay,
  minorsOnTheWay,
  serverVersion,
} from './minors-on-the-way.ts'
export { networkLeftOut } from './network-left-out.ts'
export { networkName, networkPathOf } from './network-path.ts'
export { isControlPlane, isEtcdHost, isNode, labelsFor, managedTaints, taintsFor } from './nodes.ts'
export { type HostOpenings, openingsOf } from './openings.ts'
export { privateAddressOf } from './private-address.ts'
export type {
  ByHand,
  CertificateCare,
  DistributionAddons,
  DistributionPorts,
  DistributionProfile,
  FormerNode,
  HealthQuestions,
  HostProblem,
  MemberQuestion,
  RolledWork,
  UsedPort,
} from './profile.ts'
export { siteOf } from './site.ts'
export { wasCutOff } from './was-cut-off.ts'
export { gateAfter, workerBatches } from './worker-groups.ts'
