import type { ClusterSpec } from '../index.ts'
import { type Finding, finding, type KnownHost } from './finding.ts'

/** How far all hosts together may be from the clock of this machine, ms: certificates of download sites live for days. */
const farFromController = 24 * 60 * 60_000

const next = 'Let it keep the time: timedatectl set-ntp true, or install chrony.'

/**
 * Certificates of one host have to be valid on the others at once, so the hosts are compared with each other. The clock of
 * the machine that runs evcctl is the yardstick; only where there is one host alone, or all of them have lost the time, are
 * they compared with it.
 */
export function* clockChecks(spec: ClusterSpec, hosts: readonly KnownHost[]): Iterable<Finding> {
  const limit = spec.preflight.maxClockDeviation
  const offsets = hosts.map(({ facts }) => facts.clockOffsetMs).sort((a, b) => a - b)
  // The lower of the two in the middle: with two hosts, their whole distance counts.
  const median = offsets[Math.floor((offsets.length - 1) / 2)] ?? 0
  const alone = hosts.length === 1
  for (const { host, facts } of hosts) {
    const deviation = facts.clockOffsetMs - median
    // An offset cannot be measured better than to half a round trip.
    const uncertain = facts.roundTripMs / 2
    if (Math.abs(deviation) > limit + uncertain) {
      yield finding('clock', host, {
        problem: 'Its clock is not that of the other hosts.',
        expected: `at most ${limit / 1000} s from their median`,
        actual: distance(deviation),
        next,
      })
    } else if (Math.abs(facts.clockOffsetMs) > (alone ? limit : farFromController) + uncertain) {
      yield finding('clock', host, {
        problem:
          'Its clock is not that of this machine. Certificates, of download sites and of the cluster itself, would not be valid yet, or no more.',
        expected: alone ? `at most ${limit / 1000} s from this machine` : 'at most a day from this machine',
        actual: `${new Date(Date.now() + facts.clockOffsetMs).toUTCString()}, ${distance(facts.clockOffsetMs)}`,
        next: `${next} A board without a clock of its own has to reach a time server. Is the time of this machine right?`,
      })
    }
  }
}

function distance(ms: number): string {
  const seconds = Math.abs(ms) / 1000
  const text = seconds < 172_800 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 86_400)} days`
  return `${text} ${ms > 0 ? 'ahead' : 'behind'}`
}
