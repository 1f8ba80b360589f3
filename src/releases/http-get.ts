import { type IncomingMessage, request as overHttp, type RequestOptions } from 'node:http'
import { request as overHttps } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { connect as startTls } from 'node:tls'
import type { Secret } from '../core/index.ts'
import { sizeText } from '../core/limits.ts'
import { credential } from '../shell/script.ts'

/** A proxy on the way to a site. */
export interface ProxyOnTheWay {
  /** Its URL, without credentials. */
  readonly url: string
  /** The value of the header Proxy-Authorization, for this proxy alone; undefined: it wants no login. */
  readonly authorization?: Secret
}

/** How this machine reaches release sites and mirrors. */
export interface Reach {
  /** The proxy for a URL; undefined: none. */
  proxyFor(url: string): ProxyOnTheWay | undefined
  readonly bounds?: Partial<Bounds>
}

/** Times in ms. */
export interface Bounds {
  /** How long nothing may arrive, also while connecting. */
  readonly silenceMs: number
  /** One request, with all its redirections and up to 1 MiB. */
  readonly totalMs: number
  /** Added for each further MiB that a request may bring. */
  readonly mebibyteMs: number
  /** How many times a request is made that fails for a reason that may pass. */
  readonly attempts: number
  /** Wait before the next attempt. */
  readonly pauseMs: number
}

const bounds: Bounds = { silenceMs: 10_000, totalMs: 20_000, mebibyteMs: 2_000, attempts: 2, pauseMs: 500 }

// dl.k8s.io and GitHub send on to a store once; more than a few is a circle.
const mostRedirections = 5

/** Why a URL gave nothing that can be used. `status` is that of the answer, if there was one. */
export class GetError extends Error {
  readonly status: number | undefined
  readonly mayPass: boolean

  constructor(problem: string, { status, mayPass = false }: { status?: number; mayPass?: boolean } = {}) {
    super(problem)
    this.status = status
    this.mayPass = mayPass
  }
}

/**
 * The content of a URL, of at most `most` bytes. It follows redirections, but never from https to http. Throws GetError for
 * anything but status 200. The site may be hostile: time and size are bounded, and nothing of its text is in the error.
 */
export async function getUrl(url: string, most: number, reach: Reach): Promise<Buffer> {
  const { attempts, pauseMs } = { ...bounds, ...reach.bounds }
  for (let attempt = 1; ; attempt++) {
    try {
      return await follow(url, most, reach)
    } catch (error) {
      if (!(error instanceof GetError) || !error.mayPass || attempt >= attempts) throw error
      await wait(pauseMs * attempt)
    }
  }
}

async function follow(first: string, most: number, reach: Reach): Promise<Buffer> {
  const { totalMs, mebibyteMs } = { ...bounds, ...reach.bounds }
  const signal = AbortSignal.timeout(totalMs + mebibyteMs * Math.max(0, most / mebibyte - 1))
  let url = new URL(first)
  for (let redirections = 0; ; redirections++) {
    const answer = await send(url, reach, signal)
    const { statusCode = 0 } = answer
    if (statusCode === 200) return await bodyOf(answer, most, signal)
    answer.destroy()
    if (![301, 302, 303, 307, 308].includes(statusCode))
      throw new GetError(`status ${statusCode}`, {
        status: statusCode,
        mayPass: statusCode >= 500 || statusCode === 429,
      })
    if (redirections === mostRedirections) throw new GetError(`more than ${mostRedirections} redirections`)
    url = next(url, answer.headers.location)
  }
}

const mebibyte = 1024 * 1024

function next(from: URL, location: string | undefined): URL {
  const to = location === undefined || !URL.canParse(location, from.href) ? undefined : new URL(location, from)
  if (to === undefined) throw new GetError('a redirection to nowhere')
  // A login belongs to the host that it was written for.
  if (to.host !== from.host) [to.username, to.password] = ['', '']
  else [to.username, to.password] = [from.username, from.password]
  if (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:')) return to
  throw new GetError(`a redirection from ${from.protocol}// to ${to.protocol}//, which is not followed`)
}

async function send(url: URL, reach: Reach, signal: AbortSignal): Promise<IncomingMessage> {
  const login = url.username === '' ? {} : { auth: `${decoded(url.username)}:${decoded(url.password)}` }
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const headers = { 'user-agent': 'evcctl', accept: '*/*' }
  const proxy = reach.proxyFor(bare.href)
  const tls = url.protocol === 'https:'
  if (proxy === undefined)
    return await answerOf(tls ? overHttps : overHttp, bare, { ...login, headers, agent: false }, reach, signal)
  if (!tls) {
    const target = { ...place(proxy.url), path: bare.href, headers: { ...headers, host: bare.host, ...toProxy(proxy) } }
    return await answerOf(senderOf(proxy.url), undefined, { ...login, ...target, agent: false }, reach, signal)
  }
  const tunnel = await tunnelTo(bare, proxy, reach, signal)
  const { hostname: host } = bare
  const socket = startTls({ socket: tunnel, host, ...(isIP(host) === 0 ? { servername: host } : {}) })
  // An agent would make a connection of its own.
  const options = { ...login, headers, createConnection: () => socket }
  return await answerOf(overHttps, bare, options, reach, signal)
}

type Send = typeof overHttp

function senderOf(proxy: string): Send {
  return new URL(proxy).protocol === 'https:' ? overHttps : overHttp
}

function place(proxy: string): Pick<RequestOptions, 'host' | 'port'> {
  const { hostname, port, protocol } = new URL(proxy)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (protocol === 'https:' ? 443 : 80) : port }
}

function toProxy({ authorization }: ProxyOnTheWay): Readonly<Record<string, string>> {
  return authorization === undefined ? {} : { 'proxy-authorization': credential(authorization) }
}

// RFC 9110, 9.3.6
function tunnelTo(url: URL, proxy: ProxyOnTheWay, reach: Reach, signal: AbortSignal): Promise<Socket> {
  const authority = `${url.hostname}:${url.port === '' ? 443 : url.port}`
  const options = {
    ...place(proxy.url),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...toProxy(proxy) },
    agent: false,
  }
  const { host } = new URL(proxy.url)
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(asGetError(error, `the proxy ${host}`, signal))
    const request = senderOf(proxy.url)({ ...options, signal })
    silence(request, reach)
    request.on('error', fail)
    request.on('connect', ({ statusCode = 0 }, socket: Socket) => {
      if (statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new GetError(`status ${statusCode} of the proxy ${host}`, { status: statusCode }))
    })
    request.end()
  })
}

function answerOf(
  sender: Send,
  url: URL | undefined,
  options: RequestOptions,
  reach: Reach,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const all = { ...options, signal }
    const request = url === undefined ? sender(all) : sender(url, all)
    silence(request, reach)
    request.on('response', resolve)
    request.on('error', (error: Error) => reject(asGetError(error, 'the site', signal)))
    request.end()
  })
}

function silence(request: ReturnType<Send>, reach: Reach): void {
  const { silenceMs } = { ...bounds, ...reach.bounds }
  request.setTimeout(silenceMs, () => {
    request.destroy(new GetError(`nothing arrived for ${silenceMs / 1000} s`, { mayPass: true }))
  })
}

async function bodyOf(answer: IncomingMessage, most: number, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  const tooLarge = () => new GetError(`more than ${sizeText(most)}`, { status: 200 })
  if (Number(answer.headers['content-length'] ?? 0) > most) {
    answer.destroy()
    throw tooLarge()
  }
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length
      if (size > most) throw tooLarge()
      parts.push(part)
    }
  } catch (error) {
    throw asGetError(error as Error, 'the site', signal)
  }
  return Buffer.concat(parts)
}

function asGetError(error: NodeJS.ErrnoException, who: string, signal: AbortSignal): GetError {
  if (error instanceof GetError) return error
  if (signal.aborted) return new GetError('no complete answer in time')
  const reason = reasons[error.code ?? '']?.(who) ?? `the connection to ${who} failed (${error.code ?? error.message})`
  return new GetError(reason, { mayPass: error.code !== undefined && passing.includes(error.code) })
}

const passing = ['ECONNRESET', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'ECONNABORTED']

type Reason = (who: string) => string

const unknown: Reason = who => `the name of ${who} is not known here`
const unreachable: Reason = who => `there is no way to ${who}`
const untrusted: Reason = who =>
  `the certificate of ${who} is not trusted (NODE_EXTRA_CA_CERTS names a file with more CAs)`

const reasons: Readonly<Record<string, Reason>> = {
  ENOTFOUND: unknown,
  EAI_AGAIN: unknown,
  ECONNREFUSED: who => `${who} refused the connection`,
  ECONNRESET: who => `${who} broke the connection off`,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: who => `${who} did not answer`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: who => `the certificate of ${who} is for another name`,
  CERT_HAS_EXPIRED: who => `the certificate of ${who} has expired`,
}

/** A part of a URL without its escapes. A percent sign that begins none stands for itself. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
