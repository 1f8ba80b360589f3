import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { defineRole, file, renderTemplate, systemdUnit, type Task } from '../../src/index.ts'

/** Packages of Debian and Ubuntu that the proxy needs; on both, stream is a module of its own. */
export const nginxPackages: readonly string[] = ['libnginx-mod-stream', 'nginx']

/** Unit that those packages bring and that the proxy does not use. */
export const nginxUnit = 'nginx.service'

const binary = '/usr/sbin/nginx'
const config = '/etc/evcctl/nginx-proxy.conf'

/** The proxy's own unit. */
export const nginxProxyUnit = 'evcctl-nginx-proxy.service'

const parameters = z.strictObject({
  /** Loopback port that it listens on. */
  port: z.int().min(1).max(65535),
  /** Addresses of the control plane nodes. */
  upstreams: z.array(z.union([z.ipv4(), z.ipv6()])).min(1),
  /** Which of them is this host's own: it is asked first, the others when it does not answer. */
  own: z.union([z.ipv4(), z.ipv6()]).optional(),
  /** Port of their API servers. */
  upstreamPort: z.int().min(1).max(65535),
  /** Unit of another proxy that may have the port: it is stopped as late as possible. */
  replaces: z.string(),
  /** What has to be done first: the packages. */
  after: z.array(z.custom<Task>()),
})

export type NginxProxyParameters = z.output<typeof parameters>

export interface NginxProxyOutputs {
  /** `host:port` that reaches an API server from this host. */
  readonly endpoint: string
  /** Done when the proxy listens. */
  readonly ready: Task
}

/**
 * A TCP proxy on a loopback port that balances over all API servers. It is a unit of its own, so that it runs before
 * the kubelet does, and so that an nginx of the user's stays what it is. New upstreams are a reload: connections live on.
 */
export const nginxProxy = defineRole<NginxProxyParameters, NginxProxyOutputs>({
  name: 'nginx-proxy',
  params: parameters,
  declare(scope, params) {
    const others = params.own !== undefined && params.upstreams.length > 1
    const upstreams = [...params.upstreams].sort().map(address => ({
      address: bracketed(address),
      isBackup: others && address !== params.own,
    }))
    const written = [
      scope.add(
        file({
          path: config,
          mode: 0o644,
          content: template('nginx-proxy.conf', { port: params.port, upstreams, upstreamPort: params.upstreamPort }),
        }),
      ),
      scope.add(
        file({
          path: `/etc/systemd/system/${nginxProxyUnit}`,
          mode: 0o644,
          content: template(nginxProxyUnit, { binary, config }),
        }),
      ),
    ]
    const stopped = scope.add(systemdUnit({ unit: params.replaces, state: 'stopped', enabled: false }), {
      after: [...written, ...params.after],
    })
    const ready = scope.add(
      systemdUnit({
        unit: nginxProxyUnit,
        state: 'running',
        enabled: true,
        watches: [binary, `/etc/systemd/system/${nginxProxyUnit}`],
        reloads: [config],
      }),
      { after: [...params.after, stopped], watch: written },
    )
    return { endpoint: `127.0.0.1:${params.port}`, ready }
  },
})

function template(name: string, values: object): string {
  return renderTemplate(new URL(`templates/${name}.hbs`, import.meta.url), values)
}

function bracketed(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}
