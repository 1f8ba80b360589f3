import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { defineRole, file, renderTemplate, systemdUnit, type Task } from '../../src/index.ts'

/** Packages of Debian and Ubuntu that the proxy needs. */
export const haproxyPackages: readonly string[] = ['haproxy']

/** Unit that the package brings and that the proxy does not use. */
export const haproxyPackageUnit = 'haproxy.service'

/** The proxy's own unit. */
export const haproxyUnit = 'evcctl-haproxy.service'

const binary = '/usr/sbin/haproxy'
const config = '/etc/evcctl/haproxy.cfg'

const parameters = z.strictObject({
  /** Loopback port that it listens on. */
  port: z.int().min(1).max(65535),
  /** Addresses of the control plane nodes. */
  upstreams: z.array(z.union([z.ipv4(), z.ipv6()])).min(1),
  /** Which of them is this host's own: it is asked first, the others when it is not ready. */
  own: z.union([z.ipv4(), z.ipv6()]).optional(),
  /** Port of their API servers. */
  upstreamPort: z.int().min(1).max(65535),
  /** Unit of another proxy that may have the port: it is stopped as late as possible. */
  replaces: z.string(),
  /** What has to be done first: the packages. */
  after: z.array(z.custom<Task>()),
})

export type HaproxyParameters = z.output<typeof parameters>

export interface HaproxyOutputs {
  /** `host:port` that reaches an API server from this host. */
  readonly endpoint: string
  /** Done when the proxy listens. */
  readonly ready: Task
}

/**
 * The alternative to nginx-proxy: it asks every API server for /readyz, so that one that listens but cannot serve gets no
 * new connections; and it closes connections to a machine that vanished after about 5 s, where nginx leaves that to the
 * clients (client-go: 45 s). New upstreams are a reload: connections live on.
 */
export const haproxy = defineRole<HaproxyParameters, HaproxyOutputs>({
  name: 'haproxy',
  params: parameters,
  declare(scope, params) {
    const { port, own, upstreamPort, after } = params
    const others = own !== undefined && params.upstreams.length > 1
    const upstreams = [...params.upstreams].sort().map((address, index) => ({
      name: `api${index + 1}`,
      address: isIPv6(address) ? `[${address}]` : address,
      // Substitutes are asked only when it is down, so its first failed connection has to be enough.
      isOwn: others && address === own,
      isBackup: others && address !== own,
    }))
    const written = [
      scope.add(
        file({ path: config, mode: 0o644, content: template('haproxy.cfg', { port, upstreams, upstreamPort }) }),
      ),
      scope.add(
        file({
          path: `/etc/systemd/system/${haproxyUnit}`,
          mode: 0o644,
          content: template(haproxyUnit, { binary, config }),
        }),
      ),
    ]
    const stopped = scope.add(systemdUnit({ unit: params.replaces, state: 'stopped', enabled: false }), {
      after: [...written, ...after],
    })
    const ready = scope.add(
      systemdUnit({
        unit: haproxyUnit,
        state: 'running',
        enabled: true,
        watches: [binary, `/etc/systemd/system/${haproxyUnit}`],
        reloads: [config],
      }),
      { after: [...after, stopped], watch: written },
    )
    return { endpoint: `127.0.0.1:${port}`, ready }
  },
})

function template(name: string, values: object): string {
  return renderTemplate(new URL(`templates/${name}.hbs`, import.meta.url), values)
}
