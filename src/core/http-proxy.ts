import type { Login } from './login.ts'

/** Through what hosts reach the world: with downloads, the package manager and pulled images; never each other. */
export interface HttpProxy {
  /** For http:// URLs, without credentials, with a port, e.g. `http://proxy.example:3128`. */
  readonly http?: string
  readonly https?: string
  /** What is asked without it: host names (also all names below them), addresses and ranges. */
  readonly noProxy: readonly string[]
  /** The same for the hosts of the cluster: apart, since no runtime is restarted for one more of them. */
  readonly hosts: readonly string[]
  readonly login?: Login
}
