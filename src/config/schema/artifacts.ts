import { z } from 'zod'
import { hostRoles } from '../names.ts'
import { localPath, sha256, text, url } from './scalars.ts'

/** `spec.artifacts` */
export const artifactsSchema = z.strictObject({
  mirror: z
    .union([url, z.record(text(/^[a-z0-9.-]+$/, 'a host name, e.g. dl.k8s.io'), url)])
    .describe(
      'Where hosts download from in the place of upstream. A URL for all sites: files are at `<URL>/<host>/<path>`, e.g. ' +
        '`<URL>/dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet`. Or a URL a site (`dl.k8s.io: URL`): files are at ' +
        '`<URL>/<path>`, other sites stay upstream. A version that is looked up needs its checksum file there as well, ' +
        'e.g. `…/kubelet.sha256`. Not together with `folder`.',
    )
    .optional(),
  folder: localPath
    .describe(
      'A folder on the machine that runs evcctl, laid out as a mirror (`<host>/<path>`) or flat (file names only). Hosts ' +
        'download nothing; the files are pushed over SSH. Not together with `mirror`.',
    )
    .optional(),
  checksums: z
    .union([localPath, z.array(localPath), z.record(z.string(), sha256)])
    .describe(
      'sha256 of private builds and image archives; wins over the catalog and cluster.lock.yaml. A file (or several) as sha256sum writes them, ' +
        'or a mapping. Names are upstream URLs without `https://`, or their ends from the version on, e.g. ' +
        '`containerd-2.3.4-linux-amd64.tar.gz`.',
    )
    .default({}),
})

const archiveSchema = z.strictObject({
  url: url.describe('Where hosts download it from.').optional(),
  file: localPath.describe('A file on the machine that runs evcctl; it is pushed over SSH.').optional(),
  sha256: sha256
    .describe('May be left out when `spec.artifacts.checksums` has it under the path or the file name.')
    .optional(),
  roles: z
    .array(z.enum(hostRoles))
    .min(1, { error: 'at least one role' })
    .describe('Only hosts with one of these roles get it.')
    .optional(),
  architecture: z.enum(['amd64', 'arm64']).describe('Only hosts of this architecture get it.').optional(),
})

/** `spec.images` */
export const imagesSchema = z.strictObject({
  registry: text(
    /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?(\/[a-z0-9._-]+)*$/,
    'a registry with an optional path, e.g. registry.example:5000/kubernetes',
  )
    .describe(
      'Registry that images of registry.k8s.io are pulled from instead. Those of the pod network have keys of their own: ' +
        'spec.network.flannel.image, spec.network.calico.registry, spec.network.cilium.values.',
    )
    .optional(),
  archives: z
    .array(z.union([z.string().min(1), archiveSchema]))
    .describe(
      'Image archives (as `docker save` writes them) that are loaded on every node before kubeadm runs. A URL or a path is ' +
        'short for `{ url: … }` or `{ file: … }`.',
    )
    .default([]),
})
