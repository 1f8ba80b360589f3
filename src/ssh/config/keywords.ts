import { splitJumps } from '../jump.ts'

/** How evcctl reads the words after a keyword. */
export interface Keyword {
  /** `first`: only the first line with the keyword counts. `all`: the lines accumulate. */
  readonly take: 'first' | 'all'
  /** Whether the value is one word, several words, or the whole line. */
  readonly words: 'one' | 'many' | 'line'
  /** Returns what is expected if the words are invalid, else undefined. */
  readonly check?: (words: readonly string[]) => string | undefined
  /** Whether evcctl does not follow this value, so that it reports the line as left out. */
  readonly notFollowed?: (value: string) => boolean
}

function oneOf(...values: readonly string[]): NonNullable<Keyword['check']> {
  return ([word = '']) => (values.includes(word.toLowerCase()) ? undefined : values.join(', '))
}

const matching =
  (pattern: RegExp, expected: string): NonNullable<Keyword['check']> =>
  ([word = '']) =>
    pattern.test(word) ? undefined : expected

const yesNo = oneOf('yes', 'no', 'true', 'false')
const files: NonNullable<Keyword['check']> = words =>
  words.length > 1 && words.some(word => word.toLowerCase() === 'none') ? '"none" alone, or paths' : undefined
const port: NonNullable<Keyword['check']> = ([word = '']) =>
  /^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= 65_535 ? undefined : 'a port, 1 to 65535'
const time: NonNullable<Keyword['check']> = ([word = '']) =>
  word.toLowerCase() === 'none' || timeMs(word) !== undefined ? undefined : 'a time, e.g. 10, 90s, 1m30s'
const jumps: NonNullable<Keyword['check']> = ([word = '']) =>
  word.toLowerCase() === 'none' || splitJumps(word) !== undefined
    ? undefined
    : '[user@]host[:port], several with commas'
const algorithms = matching(/^[+^-]?[\w@.*?!,-]+$/, 'names of algorithms, with commas')

const one: Keyword = { take: 'first', words: 'one' }
const notOff = (value: string): boolean => !['no', 'none', 'false', ''].includes(value.toLowerCase())

/** The keywords of ssh_config(5) that evcctl reads. All others are ignored. */
export const keywords: Readonly<Record<string, Keyword>> = {
  hostname: one,
  port: { ...one, check: port },
  user: one,
  identityfile: { take: 'all', words: 'one' },
  certificatefile: { take: 'all', words: 'one' },
  identitiesonly: { ...one, check: yesNo },
  identityagent: one,
  proxyjump: { ...one, check: jumps },
  proxycommand: { take: 'first', words: 'line', notFollowed: notOff },
  userknownhostsfile: { take: 'first', words: 'many', check: files },
  globalknownhostsfile: { take: 'first', words: 'many', check: files },
  revokedhostkeys: one,
  knownhostscommand: { take: 'first', words: 'line', notFollowed: notOff },
  hostkeyalias: one,
  stricthostkeychecking: { ...one, check: oneOf('yes', 'ask', 'accept-new', 'no', 'off', 'true', 'false') },
  connecttimeout: { ...one, check: time },
  addressfamily: { ...one, check: oneOf('any', 'inet', 'inet6') },
  bindaddress: one,
  bindinterface: { ...one, notFollowed: notOff },
  hostkeyalgorithms: { ...one, check: algorithms },
  kexalgorithms: { ...one, check: algorithms },
  ciphers: { ...one, check: algorithms },
  macs: { ...one, check: algorithms },
  canonicalizehostname: { ...one, notFollowed: notOff },
  pkcs11provider: { ...one, notFollowed: notOff },
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** A time of ssh_config (`90`, `1m30s`; sshd_config(5), TIME FORMATS) in ms; undefined if the text is no time. */
export function timeMs(text: string): number | undefined {
  // Only the last part may have no unit. That lets the pattern reject any other text in one pass, without backtracking.
  if (text === '' || !/^(?:\d{1,9}[smhdw])*(?:\d{1,9})?$/i.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+)([smhdw]?)/gi)]
  return 1000 * parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit.toLowerCase()] ?? 1), 0)
}
