import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolloutScript } from '../../src/resources/api/rollout-script.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'

/** A pod of the DaemonSet; new ones are made by the controller of the world. */
export interface Pod {
  readonly node: string
  readonly hash: string
  readonly name?: string
  readonly leaves?: boolean
  readonly ready?: boolean
}

/** A cluster with one DaemonSet `web`, as a stand-in for kubectl tells it, and a clock that moves when the script sleeps. */
export interface World {
  /** Names, and since when they are off (seconds of the clock); `true`: Ready. */
  readonly nodes: Readonly<Record<string, true | number>>
  readonly pods: readonly Pod[]
  /** Hashes of the ControllerRevisions, the newest last. */
  readonly revisions: readonly string[]
  /** Nodes on which new pods never become Ready; with `flap` they are Ready for a moment every now and then. */
  readonly crash?: readonly string[]
  readonly flap?: boolean
  /** Node → second of the clock at which it goes off. */
  readonly goesOff?: Readonly<Record<string, number>>
  /** From when to when (seconds of the clock) the API server is away. */
  readonly away?: readonly [number, number]
  /** By how many seconds the clock moves; default 5. */
  readonly step?: number
  /** Lines in the place of what the API server says of pods. */
  readonly podLines?: string
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** Seconds that it took. */
  readonly took: number
  /** Pods that the script deleted, with the word `early` where others were not Ready yet. */
  readonly deleted: readonly string[]
  /** What was noted on the DaemonSet. */
  readonly noted: string
  /** node hash, of the pods that are left. */
  readonly pods: readonly string[]
}

const start = 1000

// Times of day; all of it happens on one day.
const awkTime = 'function time(s) { return sprintf("2026-01-01T%02d:%02d:%02dZ", s / 3600, s % 3600 / 60, s % 60) }'

const unavailable = `function bad() { return !($3 in up) || $7 != "True" || $5 == "leaves" }`

/** What the controller of DaemonSets and the kubelets do in a second or two. */
const tick = `${awkTime}
${unavailable}
FILENAME ~ /nodes$/ { if ($3 == "True") up[$2] = 1; next }
FILENAME ~ /own$/ { newest = $4; next }
{ line[++count] = $0; if (bad()) gone++ }
END {
  for (i = 1; i <= count; i++) {
    $0 = line[i]
    if ($5 == "leaves" && ($3 in up)) { print "pod", "made-" now "-" $3, $3, newest, "stays", time(now), "False", now; continue }
    if ($5 == "stays" && $4 != newest && !($3 in up)) $5 = "leaves"
    if ($5 == "stays" && $4 != newest && ($3 in up) && gone < 1) { $5 = "leaves"; gone++ }
    broken = index(" " crash " ", " " $3 " ")
    if ($5 == "stays" && $4 == newest && ($3 in up) && $8 > 0) $7 = broken ? (flap && now % 30 < 4 ? "True" : "False") : (now - $8 >= 6 ? "True" : "False")
    if (!($3 in up)) $7 = "False"
    print
  }
}`

const figures = `FILENAME ~ /nodes$/ { desired++; if ($3 == "True") up[$2] = 1; next }
FILENAME ~ /own$/ { newest = $4; next }
{ if ($4 == newest && $5 == "stays") updated++; if ($7 == "True" && ($3 in up)) available++ }
END { print 7, 7, desired + 0, updated + 0, available + 0, "abc-1" }`

const early = `FILENAME ~ /nodes$/ { if ($3 == "True") up[$2] = 1; next }
FILENAME ~ /own$/ { newest = $4; next }
($3 in up) && ($5 == "leaves" || ($4 == newest && $7 != "True")) { early = 1 }
END { if (early) print "early" }`

/** Runs the script in this world to its end. */
export function rollOut(world: World): Ended {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-rollout-'))
  const at = (name: string) => join(folder, name)
  const time = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().replace('.000', '')
  const program = (name: string, text: string) => {
    writeFileSync(at(name), `#!/bin/sh\n${text}\n`)
    chmodSync(at(name), 0o755)
  }
  try {
    const nodes = Object.entries(world.nodes).map(([name, off]) =>
      off === true ? `node ${name} True ${time(0)}` : `node ${name} Unknown ${time(off)}`,
    )
    const pods = world.pods.map(({ name, node, hash, leaves, ready = true }, index) =>
      [
        'pod',
        name ?? `pod-${index}`,
        node,
        hash,
        leaves ? 'leaves' : 'stays',
        time(10),
        ready ? 'True' : 'False',
        0,
      ].join(' '),
    )
    const revisions = world.revisions.map((hash, index) => `revision abc-1 ${index + 1} ${hash}`)
    writeFileSync(at('nodes'), `${nodes.join('\n')}\n`)
    writeFileSync(at('pods'), `${pods.join('\n')}\n`)
    writeFileSync(at('revisions'), `${revisions.join('\n')}\nrevision another-1 99 other\n`)
    writeFileSync(at('own'), `${revisions.join('\n')}\n`)
    writeFileSync(at('now'), `${start}\n`)
    writeFileSync(at('tick'), tick)
    writeFileSync(at('figures'), figures)
    writeFileSync(at('early'), early)
    if (world.podLines !== undefined) writeFileSync(at('lines'), world.podLines)
    const [from, to] = world.away ?? [0, 0]
    const off = Object.entries(world.goesOff ?? {}).map(
      ([node, second]) =>
        `if [ "$now" -ge ${second} ]; then sed -i 's/^node ${node} True .*/node ${node} Unknown ${time(second)}/' nodes; fi`,
    )
    program('date', `cat ${at('now')}`)
    program(
      'sleep',
      `cd ${folder} || exit 9
now=$(( $(cat now) + ${world.step ?? 5} )); echo $now >now
${off.join('\n')}
awk -v now="$now" -v crash="${(world.crash ?? []).join(' ')}" -v flap=${world.flap ? 1 : 0} -f tick nodes own pods >next && mv next pods`,
    )
    program(
      'kubectl',
      `cd ${folder} || exit 9
now=$(cat now)
if [ "$now" -ge ${from} ] && [ "$now" -lt ${to} ]; then echo 'connection refused' >&2; exit 1; fi
case " $* " in
*' annotate daemonset web '*) for last; do :; done; echo "$last" >noted ;;
*' get daemonset web '*matchLabels*) echo 'app=web,' ;;
*' get daemonset web '*) awk -f figures nodes own pods ;;
*' get nodes '*) cat nodes ;;
*' get controllerrevisions --selector app=web '*) cat revisions ;;
*' get pods --selector app=web '*waiting*) echo 'web-1 on w1: web: CrashLoopBackOff' ;;
*' get pods --selector app=web '*) if [ -e lines ]; then cat lines; else cut -d ' ' -f 1-7 pods; fi ;;
*' delete pod '*)
  while [ "$1" != pod ]; do shift; done
  echo "$2 $(awk -f early nodes own pods)" >>deleted
  sed -i "s/^\\(pod $2 [^ ]* [^ ]*\\) stays/\\1 leaves/" pods ;;
*) echo "not expected: $*" >&2; exit 9 ;;
esac`,
    )
    const script = rolloutScript(kubeadmApi, 'net', 'web').replaceAll('/usr/local/bin/kubectl', at('kubectl'))
    const env = { PATH: `${folder}:${process.env.PATH}`, LC_ALL: 'C' }
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-euc', script], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    })
    const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8').trim() : '')
    const lines = (name: string) =>
      read(name)
        .split('\n')
        .filter(line => line !== '')
        .map(line => line.trim())
    return {
      status,
      stdout,
      stderr,
      took: Number(read('now')) - start,
      deleted: lines('deleted'),
      noted: read('noted'),
      pods: lines('pods').map(line => line.split(' ').slice(2, 4).join(' ')),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
