import { z } from 'zod'
import { hasCredentials, localPath, text, url, version } from './scalars.ts'

// It stands in a plan and in a file that everybody on the host can read.
const mirrorUrl = url
  .refine(value => !hasCredentials(value), { error: 'a URL without user name and password', abort: true })
  .refine(value => !/^https?:/.test(value) || URL.canParse(value), { error: 'a URL with a host and, maybe, a port' })

/** `spec.runtime` */
export const runtimeSchema = z.strictObject({
  name: z.enum(['containerd']).describe('Container runtime.').default('containerd'),
  version: version.describe('containerd version. Default: the newest of the catalog.').optional(),
  runcVersion: version.describe('runc version. Default: the newest of the catalog.').optional(),
  configPatches: z
    .array(z.record(z.string(), z.unknown()))
    .describe("Deep-merged in order over containerd's config.toml that evcctl writes, with the names of that file.")
    .default([]),
  registryMirrors: z
    .record(
      text(
        /^(_default|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?)$/,
        'a registry: host or host:port, or _default',
      ),
      z.array(mirrorUrl).min(1, { error: 'at least one URL' }),
    )
    .describe(
      'Registry → URLs of its mirrors, tried in order before the registry itself, e.g. `docker.io: [http://10.0.0.5:5000]`. ' +
        '`_default` stands for all registries not listed.',
    )
    .default({}),
  registryCAs: z
    .record(
      text(/^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?$/, 'a registry or mirror: host or host:port'),
      localPath,
    )
    .describe(
      'Registry or mirror (host, or host:port) → file on the machine that runs evcctl with the certificates (PEM) of the ' +
        'CAs that it is trusted by, e.g. `registry.example:5000: ./ca.crt`.',
    )
    .default({}),
})
