import type { z } from 'zod'
import { kubernetesVersions, newestPatch } from '../catalog/index.ts'
import { ownValue } from '../core/own-value.ts'
import { type Finding, isMapping, type Path, valueAt } from './finding.ts'
import { withoutCredentials } from './masking.ts'
import { nearest } from './nearest.ts'
import { hasCredentials } from './schema/scalars.ts'
import { noSuchKey, unknownKey } from './unknown-key.ts'

const mirrorCredentials =
  'spec.runtime.registryCredentials has a place for it: <host:port>: { username: …, password: { fromEnv: NAME } }'

const proxyCredentials = 'spec.proxy has a place for it: username: …, password: { fromEnv: NAME }'

type Issue = z.core.$ZodIssue

/** The file that an issue is about: its plain value, and its scalars as written in the text. */
export interface Explained {
  readonly value: unknown
  source(path: Path): string | undefined
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

// Values as other tools or older terminology name them, with evcctl's name for each.
const valueSynonyms: Readonly<Record<string, string>> = {
  master: 'control-plane',
  controller: 'control-plane',
  server: 'control-plane',
  node: 'worker',
  agent: 'worker',
  minion: 'worker',
}

/** How many unknown keys get a suggestion. Finding one takes long, and more errors than that are not shown anyway. */
export const mostExplained = 200

/** Explains all issues of a file. */
export function explainAll(issues: readonly Issue[], file: Explained): readonly Finding[] {
  let unknown = 0
  return issues.flatMap(issue => {
    if (issue.code !== 'unrecognized_keys') return explain(issue, file)
    const path = issue.path as Path
    return issue.keys.map(key => (unknown++ < mostExplained ? unknownKey(path, key) : noSuchKey(path, key)))
  })
}

/** Turns an issue of zod into findings for people. `base` is the path in the file of the value that was parsed. */
export function explain(issue: Issue, file: Explained, base: Path = []): readonly Finding[] {
  const path = [...base, ...(issue.path as Path)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => unknownKey(path, key))
    case 'invalid_key':
      return issue.issues.map(inner => ({
        path,
        at: 'key',
        problem: `"${String(path.at(-1))}" cannot stand here.`,
        expected: inner.message,
      }))
    case 'invalid_union':
      return explainUnion(issue, file, path)
    case 'invalid_value':
      return [notOneOf(issue.values.map(String), file, path)]
    case 'invalid_type':
      return [wrongType(issue, file, path)]
    default:
      return [notAccepted(issue.message, file, path)]
  }
}

// The user most likely meant the branch of the union that fits the type of the value.
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, file: Explained, path: Path): readonly Finding[] {
  const meant = issue.errors.find(
    issues => !issues.some(inner => inner.path.length === 0 && inner.code === 'invalid_type'),
  )
  if (meant !== undefined) return meant.flatMap(inner => explain(inner, file, path))
  const expected = issue.errors.flatMap(issues => issues.map(inner => expectation(inner)))
  return [notAccepted([...new Set(expected)].join(' or '), file, path)]
}

function wrongType(issue: z.core.$ZodIssueInvalidType, file: Explained, path: Path): Finding {
  const value = valueAt(file.value, path)
  const expected = expectation(issue)
  const name = nameOf(path)
  if (value === undefined) return { path, problem: `${missingName(path)} is missing.`, expected, missing: true }
  const actual = path.includes('registryCredentials') ? kindOf(value) : describeValue(value, file.source(path))
  if (isSecret(path)) {
    return {
      path,
      problem: `A ${name === 'passphrase' ? 'passphrase' : 'password'} does not belong in this file.`,
      expected,
      next: `Put it into an environment variable, say SECRET, and write: ${name}: { fromEnv: SECRET }`,
    }
  }
  const finding = { path, problem: `${name} has the wrong type.`, expected, actual }
  if (issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return { ...finding, ...unquoted(name, file.source(path) ?? String(value), typeof value === 'number', expected) }
  if (value === null) return { ...finding, ...emptyHint(name, expected) }
  if (issue.expected === 'array') return { ...finding, ...listHint(name, value) }
  if (typeNames[issue.expected] === 'a mapping' && Array.isArray(value))
    return { ...finding, next: `Write ${name} as lines of "key: value", without "-" and "[".` }
  if (issue.expected === 'boolean' && typeof value === 'string') return { ...finding, ...booleanHint(name, value) }
  if (issue.expected === 'number' || issue.expected === 'int') return { ...finding, ...numberHint(name, value) }
  return finding
}

function unquoted(name: string, source: string, number: boolean, expected: string): Partial<Finding> {
  if (number && expected.includes('with a unit')) return { problem: `${source} has no unit.` }
  const problem = `YAML reads ${source} as ${number ? 'a number' : 'true or false'}, not as a text.`
  const patch = /^version$/i.test(name) ? newestPatch(source) : undefined
  if (patch !== undefined) return { problem, next: `The newest ${source} is ${patch}.` }
  // A version such as 1.36 would be just as wrong in quotes, so that is no advice here.
  return expected.includes('version') ? { problem } : { problem, next: `Write it in quotes: ${name}: "${source}"` }
}

function emptyHint(name: string, expected: string): Partial<Finding> {
  const next = expected.includes('may be empty')
    ? `For an empty text write ${name}: ""`
    : 'Give it a value, or remove it.'
  return { problem: `${name} has no value.`, next }
}

function listHint(name: string, value: unknown): Partial<Finding> {
  if (typeof value === 'string') {
    const entry = value.replace(/^\[|\]$/g, '')
    return { next: `Write ${name}: [${ownValue(valueSynonyms, entry) ?? entry}]` }
  }
  return isMapping(value) ? { next: `Begin each entry of ${name} with "- ".` } : {}
}

function booleanHint(name: string, value: string): Partial<Finding> {
  const yes = /^(yes|y|on|true|1)$/i.test(value)
  return yes || /^(no|n|off|false|0)$/i.test(value) ? { next: `Write ${name}: ${yes}` } : {}
}

function numberHint(name: string, value: unknown): Partial<Finding> {
  return typeof value === 'string' && /^\d+$/.test(value) ? { next: `Write it without quotes: ${name}: ${value}` } : {}
}

function notOneOf(values: readonly string[], file: Explained, path: Path): Finding {
  const value = valueAt(file.value, path)
  const expected = values.length === 1 ? (values[0] ?? '') : `one of ${values.join(', ')}`
  if (value === undefined) return { path, problem: `${missingName(path)} is missing.`, expected, missing: true }
  const given = typeof value === 'string' ? value : ''
  const meant = nearest(given, values) ?? ownValue(valueSynonyms, given)
  const problem = `${describeValue(value, file.source(path))} is not accepted here.`
  const suggestion =
    meant !== undefined && values.includes(meant) && values.length > 1 ? ` Did you mean "${meant}"?` : ''
  return { path, problem: problem + suggestion, expected }
}

function notAccepted(expected: string, file: Explained, path: Path): Finding {
  const value = valueAt(file.value, path)
  if (isMapping(value) || Array.isArray(value))
    return {
      path,
      problem: `${nameOf(path)} is not complete or not right.`,
      expected,
      actual: describeValue(value),
    }
  // The value may hold a secret: the secret itself after fromEnv, or `user:password` as a user name.
  const hidden = path.includes('fromEnv') || path.at(-1) === 'username'
  const shown = hidden ? 'This' : describeValue(value, file.source(path))
  return {
    path,
    problem: `${shown} is not accepted here.`,
    expected,
    ...versionHint(path, value),
    ...credentialHint(path, value),
    ...spellingHint(path, value),
  }
}

// Hints for placeholders of other tools, and for characters that editors and chat programs insert.
function spellingHint(path: Path, value: unknown): Partial<Finding> {
  if (typeof value !== 'string') return {}
  if (path.at(-1) === 'fromEnv') return value.startsWith('$') ? { next: 'Write only its name, without "$".' } : {}
  if (/\$\{|\$\w|\{\{|%\w+%/.test(value))
    return { next: 'Nothing is substituted in this file: write the value itself.' }
  return /[\u2018-\u201f]/.test(value) ? { next: 'Use plain quotes: " or \'.' } : {}
}

// A file must mean the same tomorrow, so `1.36` and `latest` are refused. The hint names the version they mean today.
function versionHint(path: Path, value: unknown): Partial<Finding> {
  if (path.slice(-2).join('.') !== 'kubernetes.version' || typeof value !== 'string') return {}
  const minor = value.replace(/^v/, '')
  const patch = newestPatch(minor)
  if (patch !== undefined) return { next: `The newest ${minor} is ${patch}.` }
  return /^(latest|stable|newest)$/.test(value) ? { next: `The newest version is ${kubernetesVersions()[0]}.` } : {}
}

function credentialHint(path: Path, value: unknown): Partial<Finding> {
  if (typeof value !== 'string' || !hasCredentials(value)) return {}
  if (path[1] === 'proxy')
    return { problem: 'A password does not belong in the URL of a proxy.', next: proxyCredentials }
  if (!path.includes('registryMirrors')) return {}
  return { problem: 'A password does not belong in the URL of a mirror.', next: mirrorCredentials }
}

function expectation(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return typeNames[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`
  return issue.message
}

function isSecret(path: Path): boolean {
  return (
    /^(password|sudoPassword|passphrase)$/.test(String(path.at(-1))) &&
    (path.includes('ssh') || ['registryCredentials', 'proxy'].some(key => path.includes(key)))
  )
}

function missingName(path: Path): string {
  return `"${nameOf(path)}"`
}

// The name of a path's last key. An entry of a list has only an index, so its name includes the key of the list.
function nameOf(path: Path): string {
  const last = path.at(-1) ?? 'This'
  return typeof last === 'number' ? `${String(path.at(-2) ?? '')}[${last}]` : last
}

// The type only, without the value, because the value may be `user:password`.
function kindOf(value: unknown): string {
  return typeof value === 'string' ? 'a text' : describeValue(value)
}

/** A value as an error shows it: short, and as written in the file. */
export function describeValue(value: unknown, source?: string): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  const text = withoutCredentials(typeof value === 'string' ? JSON.stringify(value) : (source ?? String(value)))
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
