import { minor } from 'semver'

/**
 * Feature gates that programs of Kubernetes know no more from a minor on. A component that is told one of them does not start
 * ("unrecognized feature gate"). Sources: the gates declared in k8s.io/kubernetes and its libraries at v1.34.11 (without those of
 * k8s.io/apiserver), v1.35.8, v1.36.4 and v1.37.2; those of 1.35 and 1.36 were tried with kube-scheduler. The flags of the components are the same in these versions, but for new ones.
 */
const removed: Readonly<Record<string, readonly string[]>> = {
  '1.35': [
    'AllowServiceLBStatusOnNonLB',
    'ComponentSLIs',
    'CronJobsScheduledAnnotation',
    'LoadBalancerIPMode',
    'PodIndexLabel',
    'ProbeHostPodSecurityStandards',
    'SizeMemoryBackedVolumes',
    'StatefulSetAutoDeletePVC',
    'UserNamespacesPodSecurityStandards',
  ],
  '1.36': [
    'CSIMigrationPortworx',
    'HonorPVReclaimPolicy',
    'InPlacePodVerticalScalingAllocatedStatus',
    'InTreePluginPortworxUnregister',
    'MemoryManager',
    'ServiceTrafficDistribution',
    'StructuredAuthorizationConfiguration',
    'TopologyAwareHints',
    'WatchFromStorageWithoutResourceVersion',
  ],
  '1.37': [
    'APIServerTracing',
    'AnonymousAuthConfigurableEndpoints',
    'AnyVolumeDataSource',
    'AuthorizeNodeWithSelectors',
    'AuthorizeWithSelectors',
    'BtreeWatchCache',
    'ConsistentListFromCache',
    'GangScheduling',
    'JobBackoffLimitPerIndex',
    'JobPodReplacementPolicy',
    'JobSuccessPolicy',
    'LogarithmicScaleDown',
    'OrderedNamespaceDeletion',
    'PodLifecycleSleepAction',
    'PodLifecycleSleepActionAllowZero',
    'PreventStaticPodAPIReferences',
    'RelaxedDNSSearchValidation',
    'ResilientWatchCacheInitialization',
    'RetryGenerateName',
    'SchedulerQueueingHints',
    'SidecarContainers',
    'StreamingCollectionEncodingToJSON',
    'StreamingCollectionEncodingToProtobuf',
    'StructuredAuthenticationConfiguration',
    'WorkloadAwarePreemption',
  ],
}

/** The minor, up to that of `kubernetes`, that has removed a feature gate; undefined: none is known to have. */
export function gateRemovedIn(gate: string, kubernetes: string): string | undefined {
  return Object.keys(removed).find(
    since => minor(`${since}.0`) <= minor(kubernetes) && removed[since]?.includes(gate) === true,
  )
}
