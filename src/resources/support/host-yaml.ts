import { parseDocument } from 'yaml'
import { nestedTooDeeplyAt } from '../../core/yaml-depth.ts'
import { isTree } from './deep-merge.ts'

/** The longest text that is parsed, bytes: the files of kubeadm and the kubelet have some KiB. */
const longest = 64 * 1024

/**
 * Parses a YAML text from a host. Undefined for a text that is no YAML, far too long, nested too deeply, or has aliases: a
 * short text with aliases can expand to a huge value, and no program writes them there. The time grows in proportion to the
 * text: yaml's check for duplicate keys compares each with each, so it is off and the last key counts; and yaml's error
 * messages, which count lines from the beginning, are off, too.
 */
export function hostYaml(text: string): unknown {
  if (text.length > longest || nestedTooDeeplyAt(text) !== undefined) return undefined
  try {
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 })
  } catch {
    return undefined
  }
}

/** Parses a mapping that evcctl stored on a host as JSON; undefined if it is no longer one, or is nested too deeply for one. */
export function keptJson(text: string): Readonly<Record<string, unknown>> | undefined {
  if (nestedTooDeeplyAt(text) !== undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isTree(value) ? value : undefined
  } catch {
    return undefined
  }
}
