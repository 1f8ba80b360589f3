import { z } from 'zod'
import { runtimeNames } from '../../catalog/index.ts'
import { bareUrl, localPath, text, version } from './scalars.ts'
import { loginName, secret } from './secret.ts'

const registryName = text(
  /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?$/,
  'a registry or mirror: host or host:port',
)

/** `spec.runtime` */
export const runtimeSchema = z.strictObject({
  name: z
    .enum(runtimeNames)
    .describe(
      "Container runtime. `docker` is the distribution's package docker.io with cri-dockerd. Nodes keep theirs.",
    )
    .default(runtimeNames[0]),
  version: version
    .describe(
      'Version of containerd or CRI-O, with `docker` of cri-dockerd. Default: the newest of the catalog that goes with Kubernetes.',
    )
    .optional(),
  runcVersion: version
    .describe('runc version, for containerd: the others bring theirs. Default: the newest of the catalog.')
    .optional(),
  configPatches: z
    .array(z.record(z.string(), z.unknown()))
    .describe(
      "Deep-merged in order over the runtime's configuration that evcctl writes, with the names of that file: config.toml " +
        'of containerd, crio.conf, or daemon.json of Docker.',
    )
    .default([]),
  registryMirrors: z
    .record(
      text(
        /^(_default|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?)$/,
        'a registry: host or host:port, or _default',
      ),
      z.array(bareUrl).min(1, { error: 'at least one URL' }),
    )
    .describe(
      'Registry → URLs of its mirrors, tried in order before the registry itself, e.g. `docker.io: [http://10.0.0.5:5000]`. ' +
        'With containerd `_default` stands for all registries not listed; Docker asks mirrors for docker.io only.',
    )
    .default({}),
  registryCAs: z
    .record(registryName, localPath)
    .describe(
      'Registry or mirror (host, or host:port) → file on the machine that runs evcctl with the certificates (PEM) of the ' +
        'CAs that it is trusted by, e.g. `registry.example:5000: ./ca.crt`.',
    )
    .default({}),
  registryCredentials: z
    .record(
      registryName,
      z.strictObject({
        username: loginName.describe('User name, or name of a robot account or token.'),
        password: secret('Password or token.'),
      }),
    )
    .describe(
      'Registry or mirror (host, or host:port) → how the runtime logs into it, e.g. `registry.example:5000: { username: ' +
        'puller, password: { fromEnv: PULL_PASSWORD } }`. All pods of the cluster can use images that are pulled with it. ' +
        'With `docker` not for mirrors, nor for spec.images.registry.',
    )
    .default({}),
})
