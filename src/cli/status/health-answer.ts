import { beforeCut } from '../../core/cut.ts'
import type { HostError, ProbeResult } from '../../core/index.ts'
import { type CertificateFacts, parseCertificates } from '../../facts/index.ts'
import { isUnfinished, restoreProbe } from '../../resources/etcd/index.ts'

/** The result of asking one server of a host. */
export interface Asked {
  /** `absent`: it is not set up on this host. `unknown`: it could not be asked. */
  readonly state: 'ok' | 'failed' | 'absent' | 'unknown'
  /** Why it is not `ok`; a text of the host. */
  readonly said: string
}

/** A member as etcd lists it. */
export interface ListedMember {
  /** Empty for a member that was added but has not started yet. */
  readonly name: string
  readonly learner: boolean
}

/** The answer of a host about its own part of the cluster. A server that was not asked is `unknown`. */
export interface HostAnswer {
  readonly kubelet: Asked
  readonly apiServer: Asked
  readonly etcd: Asked
  /** All members of the etcd cluster, as the member on this host lists them. */
  readonly members?: readonly ListedMember[]
  /** The endpoints of an external etcd that evcctl does not manage, by their index in the cluster file. */
  readonly endpoints: ReadonlyMap<number, Asked>
  readonly certificates: readonly CertificateFacts[]
  /** Whether a restore of etcd was cut off there; until it is finished, apply changes nothing. */
  readonly isRestoring: boolean
}

/** The answer of each host of the cluster file, or the error if it gave none. */
export type HostAnswers = ReadonlyMap<string, HostAnswer | HostError>

/** One problem, and where it is. */
export interface HealthProblem {
  /** A host, a member or an endpoint. */
  readonly where: string
  readonly problem: string
}

// Characters. The script prints only a few KiB.
const longest = 64 * 1024
const mostMembers = 100

interface Answered {
  readonly code: number
  readonly status: number
  readonly words: string
}

/**
 * Parses the output of healthScript, certificatesScript and restoreProbe. It never throws, whatever a host printed. `restore`:
 * undefined if the host was not asked.
 */
export function readHostAnswer(health: ProbeResult, certificates: ProbeResult, restore?: ProbeResult): HostAnswer {
  const lines = answerLines(health)
  const noCurl = lines.has('curl') ? 'curl is not installed there' : undefined
  const ask = (name: string, judge: (answered: Answered) => Asked): Asked | undefined => {
    const line = lines.get(name)
    if (line === 'absent') return { state: 'absent', said: '' }
    const answered = line === undefined ? undefined : parseLine(line)
    return answered === undefined ? undefined : judge(answered)
  }
  const unasked: Asked = { state: 'unknown', said: noCurl ?? 'the host did not say' }
  const endpoints = [...lines.keys()].flatMap(name => {
    const [, number] = /^endpoint(\d{1,3})$/.exec(name) ?? []
    const asked = number === undefined ? undefined : ask(name, etcdState)
    return asked === undefined ? [] : [[Number(number), asked] as const]
  })
  const members = membersOf(parseLine(lines.get('members') ?? ''))
  return {
    kubelet: ask('kubelet', httpState) ?? unasked,
    apiServer: ask('api', readyState) ?? unasked,
    etcd: ask('etcd', etcdState) ?? unasked,
    ...(members === undefined ? {} : { members }),
    endpoints: new Map(endpoints),
    certificates: parseCertificates(certificates.stdout.slice(0, 50 * longest).split('\n')),
    isRestoring: restore !== undefined && isUnfinished(restoreProbe.parse(restore)),
  }
}

/** The lines `name=answer` of a host, by name. */
export function answerLines({ stdout }: ProbeResult): ReadonlyMap<string, string> {
  const lines = new Map<string, string>()
  for (const line of stdout.slice(0, longest).split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) lines.set(line.slice(0, at), line.slice(at + 1))
  }
  return lines
}

/** The health of a member by the answer to its `/health`, or why it gave none. */
export function etcdAsked(line: string | undefined): Asked {
  if (line === 'absent') return { state: 'absent', said: '' }
  const answered = parseLine(line ?? '')
  return answered === undefined ? { state: 'unknown', said: 'the host did not say' } : etcdState(answered)
}

/** The JSON object in an answer; undefined if the server gave none. */
export function answeredObject(line: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const answered = parseLine(line ?? '')
  return answered?.code === 0 && answered.status === 200 ? objectIn(answered.words) : undefined
}

function parseLine(line: string): Answered | undefined {
  const [, code, status, words = ''] = /^(\d{1,3}) (\d{3}) ([A-Za-z0-9+/]*=*)$/.exec(line.trim()) ?? []
  if (code === undefined) return undefined
  return { code: Number(code), status: Number(status), words: Buffer.from(words, 'base64').toString('utf8').trim() }
}

function httpState({ code, status, words }: Answered): Asked {
  if (code === 0 && status === 200) return { state: 'ok', said: '' }
  // The script on the host cuts long texts.
  const said = oneLine(beforeCut(words.replace(/^curl: \(\d+\) /m, '')))
  return { state: 'failed', said: code === 0 ? `HTTP ${status}${said === '' ? '' : `, ${said}`}` : said || 'no reason' }
}

// Lines are `[-]etcd failed: reason withheld`. The last line, which says that the check as a whole failed, does not match.
function readyState(answered: Answered): Asked {
  const failing = [...answered.words.matchAll(/^\[-\](\S.*)$/gm)].map(([, check]) => check)
  if (failing.length > 0) return { state: 'failed', said: failing.join('; ') }
  return httpState(answered)
}

// etcd answers {"health":"true","reason":""}, with HTTP status 503 if health is false.
function etcdState(answered: Answered): Asked {
  const said = objectIn(answered.words)
  if (said === undefined) {
    const asked = httpState(answered)
    return asked.state === 'ok' ? { state: 'failed', said: 'not an answer of etcd' } : asked
  }
  if (answered.status === 200 && String(said.health) === 'true') return { state: 'ok', said: '' }
  const reason = typeof said.reason === 'string' ? said.reason : ''
  return { state: 'failed', said: oneLine(reason) || 'it is not healthy' }
}

function membersOf(answered: Answered | undefined): readonly ListedMember[] | undefined {
  const list = answered === undefined ? undefined : objectIn(answered.words)?.members
  if (!Array.isArray(list) || list.length === 0 || list.length > mostMembers) return undefined
  return list.map((one: unknown) => {
    const { name, isLearner } = (typeof one === 'object' && one !== null ? one : {}) as Record<string, unknown>
    return { name: typeof name === 'string' ? name.slice(0, 253) : '', learner: isLearner === true }
  })
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function oneLine(text: string): string {
  return text.split('\n').join(' ').trim()
}
