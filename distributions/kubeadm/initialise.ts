import { readForJoin } from '../../roles/ca-rotation/index.ts'
import { controlPlane } from '../../roles/control-plane/index.ts'
import { joinControlPlane } from '../../roles/control-plane-join/index.ts'
import { formerControlPlane } from '../../roles/former-static-pods/index.ts'
import { passMinor } from '../../roles/minor-on-the-way/index.ts'
import { worker } from '../../roles/worker/index.ts'
import type {
  ControlPlaneNodeParameters,
  DistributedCluster,
  JoiningHost,
  Machine,
  Site,
  Task,
} from '../../src/index.ts'
import { controlPlaneParameters } from './control-plane-parameters.ts'
import { declareAddons } from './declare-addons.ts'
import { documentsOf, documentsOn } from './documents.ts'
import { removeMember, resetNode } from './leave.ts'
import { nodeMade } from './node-made.ts'
import { nodeOf } from './node-of.ts'

/** Declares kubeadm init and the joins, and later changes of their settings. */
export function initialise(on: Site, host: JoiningHost): DistributedCluster {
  const { spec, endpoint, apiServers } = on.inventory
  const { joinConfiguration: joinPatch, ignorePreflightErrors } = spec.kubernetes
  const documents = documentsOf(on.inventory)
  const made = on.declare(controlPlane, host.machine.name, parametersOf(on, host))
  const { identity, token, certificateKey, configured } = made
  const cluster = { documents, uploaded: configured }
  // A node that joins takes over the settings that the cluster has stored, so these have to be current. A host that is a node
  // already does not wait for them.
  // Nodes that join while the CA is rotated have its files before kubeadm starts their controller manager; later, the cross certificate.
  const firstHas = host.machine.facts.kubernetes
  const joins = ({ host: { roles }, facts }: Machine) =>
    roles.includes('control-plane') && !facts.kubernetes.controlPlane && firstHas.crossCertificate === true
  const rotation = on.inventory.machines.some(joins)
    ? on.declare(readForJoin, host.machine.name, {}).certificates
    : undefined
  const afterUpload = (joined: Task) => on.builder.holdBack(joined, [configured])
  return {
    first: { ...nodeMade(on, host.machine, { ...made, joined: made.initialised, ...cluster }), configured },
    joinServer(joining) {
      const { name, address } = joining.machine
      const joined = on.declare(joinControlPlane, name, {
        ...parametersOf(on, joining),
        others: apiServers.filter(other => other !== address),
        joinPatch,
        identity,
        token,
        certificateKey,
        ...(rotation !== undefined && joins(joining.machine) ? { rotation } : {}),
        after: joining.after,
      })
      afterUpload(joined.joined)
      return { ...nodeMade(on, joining.machine, { ...joined, ...cluster }), configured: joined.configured }
    },
    joinAgent({ machine, after }) {
      const joined = on.declare(worker, machine.name, {
        node: nodeOf(spec, machine),
        endpoint,
        identity,
        token,
        kubeletConfiguration: documents.kubelet,
        joinPatch,
        ignorePreflightErrors,
        after,
      })
      afterUpload(joined.joined)
      return nodeMade(on, machine, { ...joined, ...cluster })
    },
    addons: order => declareAddons(on, order),
    putBack: ({ name }) => on.declare(formerControlPlane, name, {}),
    passMinor: ({ machine, version, after }) =>
      on.declare(passMinor, machine.name, {
        ...parametersOf(on, { machine, after }),
        version,
        target: spec.kubernetes.version,
        kubeadm: on.inventory.downloads(machine)('kubeadm', version).sha256,
      }),
    removeMember: order => removeMember(on, order),
    reset: host =>
      resetNode(on, host, { cluster: documents.cluster, caHashes: identity.map(({ caHashes }) => caHashes) }),
  }
}

function parametersOf(on: Site, { machine, after }: JoiningHost): ControlPlaneNodeParameters {
  const { inventory, renewal } = on
  const parameters = controlPlaneParameters(on, machine, { documents: documentsOn(inventory, machine), renewal, after })
  return { ...parameters, passed: inventory.minorsOnTheWay.at(-1)?.version }
}
