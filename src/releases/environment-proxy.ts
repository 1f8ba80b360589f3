import { isIP } from 'node:net'
import { type HttpProxy, type Login, Secret } from '../core/index.ts'
import { decoded } from './http-get.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The proxies of an environment. Each has a login of its own, which no other proxy may get. */
export interface EnvironmentProxy extends Omit<HttpProxy, 'login'> {
  /** The login for the proxy of http:// URLs, and for that of https:// URLs. */
  readonly logins: { readonly http?: Login; readonly https?: Login }
}

/**
 * The proxy that the environment of this machine names (https_proxy, http_proxy, no_proxy, in either case), as curl reads it;
 * undefined if there is none. What is no URL or no name there is left out.
 */
export function environmentProxy(env: Environment): EnvironmentProxy | undefined {
  const value = (name: string) => env[name] ?? env[name.toUpperCase()] ?? ''
  const excepted = value('no_proxy')
    .split(/[\s,]+/)
    .filter(one => one !== '')
  if (excepted.includes('*')) return undefined
  const [http, https] = [proxyUrl(value('http_proxy')), proxyUrl(value('https_proxy'))]
  if (http === undefined && https === undefined) return undefined
  const [httpLogin, httpsLogin] = [loginOf(http), loginOf(https)]
  return {
    ...(http === undefined ? {} : { http: http.origin }),
    ...(https === undefined ? {} : { https: https.origin }),
    noProxy: excepted.filter(isException),
    hosts: [],
    logins: {
      ...(httpLogin === undefined ? {} : { http: httpLogin }),
      ...(httpsLogin === undefined ? {} : { https: httpsLogin }),
    },
  }
}

function proxyUrl(text: string): URL | undefined {
  const whole = text === '' || text.includes('://') ? text : `http://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined
}

function loginOf(url: URL | undefined): Login | undefined {
  if (url === undefined || url.username === '') return undefined
  const password = new Secret(decoded(url.password), `password for ${url.host}`)
  return { username: decoded(url.username), password }
}

// A name, an address or a range; a range that is none would end the run.
function isException(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  if (prefix === undefined) return /^[\w.:[\]-]+$/.test(text)
  const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= most
}
