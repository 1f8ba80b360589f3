import { parse } from 'smol-toml'
import { type HostFacts, type HostSpec, isNode } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'

/** Version of the config.toml that the role containerd writes. */
const writtenVersion = 3

/**
 * Drop-ins with which containerd does not start. It takes older versions than that of its main file (none counts as 0)
 * and migrates them, but no newer ones (cmd/containerd/server/config/config.go of containerd 2.3, LoadConfig).
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
      expected: `TOML with version = ${ours} or an older one, as /etc/containerd/config.toml has it`,
      actual: problem,
      next: 'Have the program that wrote it write that version, or move the file away.',
    })
  }
}

function problemOf(content: string, ours: number): string | undefined {
  try {
    const { version = 0 } = parse(content)
    if (typeof version === 'number' && Number.isInteger(version) && version <= ours) return undefined
    return `version = ${typeof version === 'string' ? `"${version}"` : String(version)}`
  } catch (error) {
    // The rest of the message quotes the file, which may hold passwords.
    return error instanceof Error ? error.message.split('\n')[0]! : 'no TOML'
  }
}
