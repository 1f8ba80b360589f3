import type { ClusterSpec } from '../index.ts'
import { type Finding, finding, type KnownHost } from './finding.ts'

/**
 * How far the hosts may be from the clock of this machine, in ms. Download sites have certificates that are valid for many
 * days.
 */
const farFromController = 24 * 60 * 60_000

const next = 'Have the host synchronize its clock: timedatectl set-ntp true, or install chrony.'

/**
 * A certificate that one host creates has to be valid at once on the others, so each clock is compared with the median of
 * all hosts. It is also compared with the clock of the machine that runs evcctl: with the same limit if there is only one
 * host, otherwise with a limit of a day, for the case that all hosts are wrong together.
 */
export function* clockChecks(spec: ClusterSpec, hosts: readonly KnownHost[]): Iterable<Finding> {
  const limit = spec.preflight.maxClockDeviation
  const offsets = hosts.map(({ facts }) => facts.clockOffsetMs).sort((a, b) => a - b)
  // Of an even number of hosts, the lower of the two in the middle is the median: of two hosts, their whole distance
  // counts.
  const median = offsets[Math.floor((offsets.length - 1) / 2)] ?? 0
  const alone = hosts.length === 1
  for (const { host, facts } of hosts) {
    const deviation = facts.clockOffsetMs - median
    // The measured offset is uncertain by half a round trip.
    const uncertain = facts.roundTripMs / 2
    if (Math.abs(deviation) > limit + uncertain) {
      yield finding('clock', host, {
        problem: 'The clock of the host differs from those of the other hosts.',
        expected: `at most ${limit / 1000} s from their median`,
        actual: distance(deviation),
        next,
      })
    } else if (Math.abs(facts.clockOffsetMs) > (alone ? limit : farFromController) + uncertain) {
      yield finding('clock', host, {
        problem:
          'The clock of the host differs from that of this machine. The certificates of download sites and of the cluster would count as not yet valid, or as expired.',
        expected: alone ? `at most ${limit / 1000} s from this machine` : 'at most a day from this machine',
        actual: `${new Date(Date.now() + facts.clockOffsetMs).toUTCString()}, ${distance(facts.clockOffsetMs)}`,
        next: `${next} A board without a battery-backed clock needs a time server that it reaches. Check the time of this machine, too.`,
      })
    }
  }
}

function distance(ms: number): string {
  const seconds = Math.abs(ms) / 1000
  const text = seconds < 172_800 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 86_400)} days`
  return `${text} ${ms > 0 ? 'ahead' : 'behind'}`
}
