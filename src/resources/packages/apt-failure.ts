import type { ErrorDetails } from '../../core/error-details.ts'
import type { StepFailure } from '../../core/resource.ts'
import { unnamedRepair } from './apt-install.ts'

type Cause = readonly [pattern: RegExp, problem: (match: RegExpExecArray) => string, next: string]

// The order matters: a repository that cannot be reached is also the reason why a package cannot be located.
const causes: readonly Cause[] = [
  [
    /(407) +Proxy Authentication Required|Invalid response from proxy: HTTP\/\S+ (407)/,
    () => 'apt needs another user name and password for the proxy (HTTP 407).',
    'Set spec.proxy.username and spec.proxy.password, or correct the proxy in /etc/apt/apt.conf.d.',
  ],
  [
    /No space left on device|don't have enough free space/,
    () => 'The packages do not fit: there is no space left.',
    'Free some space on the host (df -h; apt-get clean), then apply again.',
  ],
  [
    /could not be parsed or opened|Malformed (?:entry|line|stanza)/,
    () => "apt cannot read the host's list of repositories, or what it fetched from them.",
    'Correct /etc/apt/sources.list*, then delete the fetched lists: rm -r /var/lib/apt/lists/*',
  ],
  [
    /Temporary failure resolving '?([^'\s]+)|Could not (?:connect to|resolve) '?([^'\s:]+)|Network is unreachable|Connection (?:timed out|refused)|the package lists could not be fetched/,
    match => `The package repositories cannot be reached${match[1] || match[2] ? ` (${match[1] ?? match[2]})` : ''}.`,
    'Give the host a way to its repositories (/etc/apt/sources.list*, a proxy in /etc/apt/apt.conf.d), or install the packages yourself.',
  ],
  [
    /Unable to locate package (\S+)|Package '?([^'\s]+)'? has no installation candidate/,
    match => `The package ${match[1] ?? match[2]} is not in the repositories of the host.`,
    'Add the repository that has it: on Ubuntu that is often universe (add-apt-repository universe).',
  ],
  [
    /Could not get lock|Unable to (?:acquire|lock)|locked by another process/,
    () => 'Another package manager is running and did not finish in time.',
    'See what it is (ps -C apt-get,dpkg,unattended-upgr), let it finish, then apply again.',
  ],
  [
    /Packages need to be removed but remove is disabled/,
    () => 'The installation would remove packages of the host, and evcctl never removes packages.',
    'apt-get install --simulate on the host shows which (with docker.io it is often docker-ce and containerd.io). Remove them yourself.',
  ],
  [
    /Held packages were changed|held broken packages/,
    () => 'Packages on hold prevent the installation.',
    'See them with apt-mark showhold; apt-mark unhold takes one off.',
  ],
  [
    /unmet dependencies|Unmet dependencies/,
    () => 'The packages cannot be installed together with those that are there.',
    'apt-get --fix-broken install on the host shows which; fix them, then apply again.',
  ],
  [
    /Sub-process \/usr\/bin\/dpkg returned an error code|dpkg was interrupted|error processing package (\S+)/,
    match => `dpkg could not configure ${match[1] ?? 'a package'}.`,
    'dpkg --configure -a on the host shows why; fix the cause, then apply again.',
  ],
]

/** Explains a failure of apt and dpkg by their output. */
export function explainApt(failure: StepFailure): ErrorDetails {
  const [, unnamed] = failure.stderr.split(unnamedRepair)
  if (unnamed !== undefined) {
    return {
      problem: `apt would install more than the plan has named to complete what a crash left: ${unnamed.trim().split(' ').join(', ')}.`,
      next: 'See what changed on the host (apt-get --simulate install --fix-broken), then apply again: the plan names them then.',
    }
  }
  const said = [failure.stdout.trim(), failure.stderr.trim()].filter(text => text !== '').join('\n')
  const actual = relevant(said)
  for (const [pattern, problem, next] of causes) {
    const match = pattern.exec(said)
    if (match !== null) return { problem: problem(match), actual, next }
  }
  return {
    problem: `The packages could not be installed (exit code ${failure.exitCode}).`,
    actual,
    next: 'Run apt-get install by hand on the host to see more.',
  }
}

// apt marks errors with E:, and what may have led to them with W: or Err:.
function relevant(said: string): string {
  const marked = said.split('\n').filter(line => /^(E: |W: |Err:|dpkg: error)/.test(line))
  return (marked.length > 0 ? marked : said.split('\n')).slice(-8).join('\n')
}
