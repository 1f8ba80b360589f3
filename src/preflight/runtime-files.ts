import { parse } from 'smol-toml'
import { type HostFacts, type HostSpec, isNode } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'

/** Version of the config.toml that evcctl's role containerd writes. */
const writtenVersion = 3

/**
 * Finds drop-ins with which containerd does not start. It migrates drop-ins of an older version than that of its main file
 * (no version counts as 0), but refuses newer ones (LoadConfig in cmd/containerd/server/config/config.go of containerd
 * 2.3).
 */
export function* runtimeFileChecks({ spec }: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  if (spec.runtime.name !== 'containerd' || !isNode(host)) return
  const patched = spec.runtime.configPatches.map(({ version }) => version).filter(version => version !== undefined)
  const ours = Number(patched.at(-1) ?? writtenVersion)
  for (const { path, content } of facts.remains.containerdFiles) {
    const problem = problemOf(content, ours)
    if (problem === undefined) continue
    yield finding('runtimeFiles', host, {
      problem: `containerd does not start with ${path}.`,
      expected: `TOML with version = ${ours}, as in /etc/containerd/config.toml, or an older one`,
      actual: problem,
      next: 'Configure the program that wrote the file to write such a version, or move the file away.',
    })
  }
}

function problemOf(content: string, ours: number): string | undefined {
  try {
    const { version = 0 } = parse(content)
    if (typeof version === 'number' && Number.isInteger(version) && version <= ours) return undefined
    return `version = ${typeof version === 'string' ? `"${version}"` : String(version)}`
  } catch (error) {
    // The other lines of the message quote the file, which may hold passwords.
    return error instanceof Error ? error.message.split('\n')[0]! : 'no TOML'
  }
}
