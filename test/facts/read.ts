import type { FactModule } from '../../src/core/facts.ts'
import { parseFacts, type Timing } from '../../src/engine/facts-parse.ts'
import { type AskedFacts, type HostFacts, hostFacts } from '../../src/facts/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'

/** Facts of what a host of a cluster printed, and took `timing` for. */
export function readFacts(
  host: string,
  stdout: string,
  timing: Timing,
  asked: readonly FactModule<Partial<AskedFacts>>[] = [],
): HostFacts {
  return parseFacts(host, stdout, timing, hostFacts(kubeadmFacts), asked)
}

/** Facts of a host that prints these sections, and nothing of the others. */
export function readSections(sections: Readonly<Record<string, string>>): HostFacts {
  const text = Object.entries(sections).map(([name, lines]) => `\n@@ ${name}\n${lines}\n`)
  return readFacts('h', `${text.join('')}\n@@ end\n`, { sentAt: 1_000_000, receivedAt: 1_000_200 })
}
