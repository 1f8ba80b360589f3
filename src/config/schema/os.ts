import { z } from 'zod'
import { checkNames } from '../names.ts'
import { duration, flag, size, text } from './scalars.ts'

/** `spec.os` */
export const osSchema = z.strictObject({
  packages: z
    .strictObject({
      manage: flag.describe('Whether missing packages are installed; if not, they must be there.').default(true),
      updateCache: z
        .enum(['when needed', 'never'])
        .describe("When the package manager's lists are refreshed.")
        .default('when needed'),
      extra: z
        .array(text(/^[a-z0-9][a-z0-9+.-]*$/, 'the name of a package'))
        .describe('More packages to install.')
        .default([]),
    })
    .describe('Operating system packages.')
    .prefault({}),
  sysctls: z
    .record(
      text(/^[a-z0-9_-]+([./][A-Za-z0-9_*-]+)+$/, 'the name of a kernel setting, e.g. net.ipv4.ip_forward'),
      z.union([z.string(), z.number()]).transform(String),
    )
    .describe('Kernel settings, in addition to those that Kubernetes needs or in their place.')
    .default({}),
  kernelModules: z
    .array(text(/^[A-Za-z0-9_-]+$/, 'the name of a kernel module'))
    .describe('More kernel modules to load, now and at boot.')
    .default([]),
  disableSwap: flag
    .describe('Switches swap off, also at boot. The kubelet refuses to start with swap unless told otherwise.')
    .default(true),
  setHostname: flag.describe('Makes the name in this file the host name of the machine.').default(true),
})

/** `spec.preflight` */
export const preflightSchema = z.strictObject({
  maxClockDeviation: duration
    .describe('How far a host clock may be from the others; that of a single host, from this machine.')
    .prefault('30s'),
  minMemory: z
    .strictObject({
      'control-plane': size.describe('RAM of a control plane node.').prefault('1500Mi'),
      worker: size.describe('RAM of a worker node.').prefault('1024Mi'),
      etcd: size.describe('RAM of a host that only runs etcd.').prefault('512Mi'),
    })
    .describe('Smallest RAM that is accepted.')
    .prefault({}),
  minFree: z
    .strictObject({
      '/usr/local/bin': size.describe('For the binaries.').prefault('512Mi'),
      '/var/lib': size.describe('For images, containers and etcd.').prefault('2Gi'),
      '/etc': size.describe('For configuration and certificates.').prefault('16Mi'),
      '/tmp': size.describe('For what kubeadm writes meanwhile.').prefault('64Mi'),
    })
    .describe('Smallest free space that is accepted, by path.')
    .prefault({}),
  ignore: z
    .array(z.enum(checkNames))
    .describe('Checks that only warn; docs/preflight.md says what each finds.')
    .default([]),
})
