import { parseDocument } from 'yaml'
import { parsedLength } from '../../core/limits.ts'
import { nestedTooDeeplyAt } from '../../core/yaml-depth.ts'
import { isTree } from './deep-merge.ts'

/**
 * Parses a YAML text from a host. Undefined for a text that is no YAML, longer than parsedLength.document, nested too deeply, or has aliases: a
 * short text with aliases can expand to a huge value, and no program writes them there. The time grows in proportion to the
 * text: yaml's check for duplicate keys compares each with each, so it is off and the last key counts; and yaml's error
 * messages, which count lines from the beginning, are off, too.
 */
export function hostYaml(text: string): unknown {
  if (text.length > parsedLength.document || nestedTooDeeplyAt(text) !== undefined) return undefined
  try {
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 })
  } catch {
    return undefined
  }
}

/**
 * Parses a mapping that evcctl recorded as JSON on a host or in the cluster. Undefined if it is no longer one, is longer than
 * parsedLength.record, or is nested too deeply.
 */
export function keptJson(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.length > parsedLength.record || nestedTooDeeplyAt(text) !== undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isTree(value) ? value : undefined
  } catch {
    return undefined
  }
}
