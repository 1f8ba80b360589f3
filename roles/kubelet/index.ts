import { z } from 'zod'
import {
  defineRole,
  kubeletConfigurationFile,
  kubeletFlags,
  kubeletUnit,
  kubeletWatches,
  nodeReady,
  runtimeNames,
  systemdUnit,
  type Task,
} from '../../src/index.ts'

const parameters = z.strictObject({
  /** KubeletConfiguration document. */
  configuration: z.record(z.string(), z.unknown()),
  /** Flags besides those of kubeadm, with which the node was made or is to run from now on. */
  flags: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  /** Done when the host is a node: kubeadm init or join. */
  joined: z.custom<Task>(),
  /** Done when the cluster has the configuration, from where kubeadm takes it. */
  uploaded: z.custom<Task>(),
  /** What a running kubelet has to be restarted for. */
  watch: z.array(z.custom<Task>()),
  /** Name of the node. */
  node: z.string(),
  /** `host:port` of the API as this node reaches it. */
  endpoint: z.string(),
  /** The container runtime of the node. */
  runtime: z.enum(runtimeNames),
  /** Whether it is to be Ready; false where nothing that evcctl does makes it so (no CNI): then it has only to join. */
  ready: z.boolean(),
  /** What makes the node Ready; undefined: nothing that this run does. */
  network: z.custom<Task>().optional(),
})

export type KubeletParameters = z.output<typeof parameters>

export interface KubeletOutputs {
  readonly running: Task
  /** Done when the node is Ready; without a network, when it is in the cluster. */
  readonly ready: Task
}

/** The kubelet of a node: configured as the cluster says, running with what is on the disk, started at boot, Ready. */
export const kubelet = defineRole<KubeletParameters, KubeletOutputs>({
  name: 'kubelet',
  params: parameters,
  declare(scope, params) {
    const configured = scope.add(kubeletConfigurationFile(params.configuration), {
      after: [params.joined, params.uploaded],
    })
    const flags = scope.add(kubeletFlags(params.flags), { after: [params.joined] })
    const running = scope.add(
      systemdUnit({ unit: kubeletUnit, state: 'running', enabled: true, watches: kubeletWatches }),
      { after: [params.joined], watch: [...params.watch, configured, flags] },
    )
    const { node: name, endpoint, network, ready: wanted } = params
    const ready = scope.add(nodeReady({ name, endpoint, ready: wanted, store: params.runtime }), {
      after: [running, ...(network === undefined ? [] : [network])],
    })
    return { running, ready }
  },
})
