import { expect, test } from 'vitest'
import { healthScript } from '../../src/cli/status/health-probe.ts'
import { factsScript } from '../../src/engine/facts-script.ts'
import { hostFacts } from '../../src/facts/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { tasks } from './every-probe.ts'
import { specOf } from './given.ts'

// A here-document counts too: older versions of bash keep it in a temporary file.
const writing = /<<|\bmktemp\b|\b(?:tee|touch|mkdir|truncate)\s|>(?!&|\/dev\/null\b)["'$/\w]/

const spec = specOf()
const scripts = [
  ['facts', factsScript(hostFacts(kubeadmFacts), [])] as const,
  ...spec.hosts.map(host => [`status of ${host.name}`, healthScript(spec, host)] as const),
  ...tasks.map(({ id, resource }) => [id, resource.probe.script] as const),
]

test('nothing that reads a host writes a file there, not even the temporary one of a here-document', () => {
  const found = scripts.flatMap(([what, script]) =>
    script.split('\n').flatMap(line => (writing.test(line) ? [`${what}: ${line}`] : [])),
  )
  expect(found).toEqual([])
})
