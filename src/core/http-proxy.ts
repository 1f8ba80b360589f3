import type { Login } from './login.ts'

/** The proxies through which hosts get downloads, packages and images. Hosts never reach each other through them. */
export interface HttpProxy {
  /** For http:// URLs, without credentials, with a port, e.g. `http://proxy.example:3128`. */
  readonly http?: string
  readonly https?: string
  /** Destinations that are reached without a proxy: host names (with all names below them), addresses and ranges. */
  readonly noProxy: readonly string[]
  /** The same for the hosts of the cluster. They are kept apart, because a new host must not restart the container runtimes. */
  readonly hosts: readonly string[]
  readonly login?: Login
}
