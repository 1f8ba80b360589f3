import type { LocalHosts } from '../../../src/local/hosts.ts'

/** All command lines and environments that were seen on some hosts, while the sampling lasted. */
export interface ProcessSamples {
  /** Every distinct command line, arguments separated by blanks. */
  readonly commandLines: ReadonlySet<string>
  /** Ends the sampling. */
  stop(): Promise<void>
}

// One process a host that samples by itself, so that a sample costs no round trip; it is ended by its stop file.
const sampler = `
rm -f /run/evcctl-test-stop; : >/run/evcctl-test-seen
while [ ! -e /run/evcctl-test-stop ]; do
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0\\n' '  ' >>/run/evcctl-test-seen; echo >>/run/evcctl-test-seen
  sleep 0.05
done`

/** Samples what `ps` would show on all hosts, about 15 times a second. */
export function sampleProcesses(hosts: LocalHosts): ProcessSamples {
  const commandLines = new Set<string>()
  const running = hosts.hosts.map(({ name }) => hosts.exec(name, sampler))
  return {
    commandLines,
    async stop() {
      await Promise.all(hosts.hosts.map(({ name }) => hosts.exec(name, 'touch /run/evcctl-test-stop')))
      await Promise.all(running)
      for (const { name } of hosts.hosts) {
        const { stdout } = await hosts.exec(name, 'sort -u /run/evcctl-test-seen')
        for (const line of stdout.split('\n')) commandLines.add(line)
      }
    },
  }
}
