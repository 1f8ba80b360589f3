import { z } from 'zod'
import {
  defineRole,
  kubeletConfigurationFile,
  kubeletUnit,
  kubeletWatches,
  nodeReady,
  systemdUnit,
  type Task,
} from '../../src/index.ts'

const parameters = z.strictObject({
  /** KubeletConfiguration document. */
  configuration: z.record(z.string(), z.unknown()),
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
  /** What makes the node Ready; undefined: nothing that evcctl does (no CNI), so it is not waited for. */
  network: z.custom<Task>().optional(),
})

export type KubeletParameters = z.output<typeof parameters>

/** The kubelet of a node: configured as the cluster says, running with what is on the disk, started at boot, Ready. */
export const kubelet = defineRole<KubeletParameters, { readonly running: Task }>({
  name: 'kubelet',
  params: parameters,
  declare(scope, params) {
    const configured = scope.add(kubeletConfigurationFile(params.configuration), {
      after: [params.joined, params.uploaded],
    })
    const running = scope.add(
      systemdUnit({ unit: kubeletUnit, state: 'running', enabled: true, watches: kubeletWatches }),
      { after: [params.joined], watch: [...params.watch, configured] },
    )
    if (params.network !== undefined) {
      scope.add(nodeReady(params.node, params.endpoint), { after: [running, params.network] })
    }
    return { running }
  },
})
