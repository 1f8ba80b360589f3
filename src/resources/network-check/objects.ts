import type { ApiAccess, KubernetesObject } from '../api/index.ts'

/** Port on which the pods of a check answer, in their own network namespace. */
export const checkPort = 18_400
/** Bytes of the large answer: more than any one packet, jumbo frames included. */
export const largeBytes = 16_384
/** kubectl inside a pod of the check. */
const podKubectl = '/evcctl/kubectl'
/** The label whose value is the name of the check. */
export const podLabel = 'evcctl.dev/network-check'

/** How long the objects of a check stay that was not cleaned up, s. */
const lifeSeconds = 600

const metadata = { name: '@NAME@', namespace: 'kube-system', labels: { [podLabel]: '@NAME@' } }

/** The Job that owns all other objects: it wants no pod, so it completes at once, and is deleted when its time is over. */
export function lifeObject(image: string): KubernetesObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      completions: 0,
      parallelism: 0,
      ttlSecondsAfterFinished: lifeSeconds,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'none', image }] } },
    },
  }
}

const owner = { apiVersion: 'batch/v1', kind: 'Job', name: '@NAME@', uid: '@OWNER@' }
const owned = { ...metadata, ownerReferences: [owner] }

/** The files that the pods serve. `@NAME@` and `@OWNER@` are filled in on the host. */
export const answerObject: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: owned,
  data: { large: '.'.repeat(largeBytes) },
}

/**
 * The pod of `@NODE@`. It names its node itself, so that the check needs neither the scheduler nor a controller, and covers
 * nodes that accept no new pods, too.
 */
export function podObject(api: ApiAccess, image: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...owned, name: '@NAME@-@NODE@' }, spec: podSpec(api, image) }
}

function podSpec(api: ApiAccess, image: string) {
  const www = '/evcctl/www'
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 1,
    nodeName: '@NODE@',
    restartPolicy: 'Always',
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'answer',
        image,
        // A file server: it proxies to a port where nothing listens, and has no credentials for anything else.
        command: [
          podKubectl,
          'proxy',
          '--server=http://127.0.0.1:9',
          '--address=0.0.0.0',
          `--port=${checkPort}`,
          '--accept-hosts=.*',
          `--www=${www}`,
          '--www-prefix=/@NAME@/',
        ],
        imagePullPolicy: 'IfNotPresent',
        readinessProbe: { httpGet: { path: '/@NAME@/name', port: checkPort }, periodSeconds: 1 },
        resources: { requests: { cpu: '1m', memory: '16Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          runAsUser: 65_535,
          // Without it SELinux would not let a container run a program of the host.
          seLinuxOptions: { type: 'spc_t' },
        },
        volumeMounts: [
          { name: 'kubectl', mountPath: podKubectl, readOnly: true },
          { name: 'www', mountPath: www, readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'kubectl', hostPath: { path: api.kubectlFile, type: 'File' } },
      {
        name: 'www',
        projected: {
          sources: [
            { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
            { configMap: { name: '@NAME@', items: [{ key: 'large', path: 'large' }] } },
          ],
        },
      },
    ],
  }
}
