import type { Step } from '../../core/resource.ts'
import type { Member } from '../../etcd/index.ts'
import { setMark, syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { etcdctl, etcdPaths, etcdUnit } from './paths.ts'
import type { EtcdHost } from './wanted.ts'

const { data, creating, firstStart } = etcdPaths

/** systemd does not wait for the start: the first members become ready only when enough of them run. */
const start = `mkdir -p ${creating.slice(0, creating.lastIndexOf('/'))}
systemctl daemon-reload
systemctl reset-failed -- ${etcdUnit} 2>/dev/null || :
systemctl enable --quiet -- ${etcdUnit}
systemctl start --no-block -- ${etcdUnit}
`

// Where no run of evcctl has begun, somebody else's etcd may keep its log in another place (--wal-dir).
const nothingLeft = `# What a first start that was cut off left without a log holds nothing.
if [ -d ${data}/member ] && [ ! -d ${data}/member/wal ]; then
  if [ ! -e ${creating} ]; then
    echo '${data}/member has no log of its own (member/wal), and evcctl has not made it: it may be the data of another etcd, so it is left as it is. Move it away if nothing in it is needed.' >&2
    exit 1
  fi
  rm -rf ${data}/member
fi
`

/** All members of a new cluster start side by side, each with the same list of members. */
export function createSteps(given: {
  readonly own: EtcdHost
  readonly members: readonly EtcdHost[]
  readonly token: string
}): readonly Step[] {
  const initial = given.members.map(host => `${host.name}=${host.peerURL}`).join(',')
  return [
    { write: firstStart, content: environment(initial, 'new', given.token), mode: 0o600 },
    { run: `${nothingLeft}${setMark(creating)}${start}${untilData}`, timeoutMs: 60_000 },
  ]
}

/**
 * Joins a running cluster. The host is added as a learner, starts with the list of members that the cluster then has, and
 * is promoted once etcd itself says that it has caught up. etcd allows one learner at a time, so the steps wait for others.
 */
export function joinSteps(given: {
  readonly own: EtcdHost
  readonly others: readonly EtcdHost[]
  readonly token: string
  readonly add: boolean
}): readonly Step[] {
  const { own, others, token, add } = given
  const ctl = etcdctl(quote(others.map(host => host.clientURL).join(',')), 10)
  const adding = retried(
    `${ctl} member add ${quote(own.name)} --learner --peer-urls=${quote(own.peerURL)}`,
    'waiting until no other learner is pending',
  )
  return [
    {
      run: `${nothingLeft}${add ? adding : ''}list=$(${ctl} member list -w simple)
initial=$(printf '%s\\n' "$list" | awk -F', ' -v name=${quote(own.name)} -v url=${quote(own.peerURL)} '
  { who = ($4 == url) ? name : $3; if (who != "") { printf "%s%s=%s", sep, who, $4; sep = "," } }')
umask 077
{ printf 'ETCD_INITIAL_CLUSTER=%s\\n' "$initial"; printf '%s\\n' ETCD_INITIAL_CLUSTER_STATE=existing ${quote(`ETCD_INITIAL_CLUSTER_TOKEN=${token}`)}; } >${firstStart}.next
${syncLine(`${firstStart}.next`)}
mv -fT ${firstStart}.next ${firstStart}
${setMark(creating)}${start}${untilData}id=$(printf '%s\\n' "$list" | awk -F', ' -v url=${quote(own.peerURL)} '$4 == url && $6 == "true" { print $1 }')
if [ -n "$id" ]; then
${promoteScript(ctl, '"$id"')}fi
`,
      timeoutMs: 300_000,
    },
  ]
}

/** Starts a member that has data, and promotes it if it is still a learner. */
export function startSteps(given: {
  readonly own: EtcdHost
  readonly others: readonly EtcdHost[]
  readonly promote: string | undefined
}): readonly Step[] {
  const { own, others, promote } = given
  const ctl = etcdctl(quote((others.length > 0 ? others : [own]).map(host => host.clientURL).join(',')), 10)
  const promotion = promote === undefined ? '' : promoteScript(ctl, quote(promote))
  return [{ run: `${start}${promotion}`, timeoutMs: 180_000 }]
}

/**
 * Removes members by their IDs, one after the other. Each removal is done only if the members are exactly those that it was
 * planned for, because somebody else may have changed them since. It succeeds if the member is gone, whatever etcd answered.
 */
export function removalSteps(
  endpoints: readonly string[],
  members: readonly Member[],
  ids: readonly string[],
): readonly Step[] {
  const ctl = etcdctl(quote(endpoints.join(',')), 10)
  const removals = ids.map((id, index) => {
    const before = members.filter(member => !ids.slice(0, index).includes(member.id))
    const expected = before.map(({ id: one, peerURLs, learner }) => `${one} ${peerURLs.join(',')} ${learner}`).sort()
    const removing = retried(
      `${ctl} member remove ${quote(id)}`,
      'waiting until etcd lets the member go',
      `gone ${quote(id)}`,
    )
    return `expected=${quote(expected.join('\n'))}
now=$(members)
if [ "$now" != "$expected" ]; then
  { echo 'The members of etcd have changed since this was planned, so nothing was removed. Planned for:'
    printf '%s\\n' "$expected"; echo 'Now:'; printf '%s\\n' "$now"; } >&2
  exit 1
fi
${removing}`
  })
  return [
    {
      run: `members() {
  ${ctl} member list -w simple >"$list" || return 1
  awk -F', ' '{ print $1, $4, $6 }' "$list" | sort
}
gone() { members >/dev/null 2>&1 && ! grep -q "^$1, " "$list"; }
list=$(umask 077; mkdir -p /run/evcctl; mktemp /run/evcctl/members.XXXXXX)
trap 'rm -f "$list"' EXIT
${removals.join('')}`,
      timeoutMs: 60_000 + 130_000 * ids.length,
    },
  ]
}

function promoteScript(ctl: string, id: string): string {
  return retried(`${ctl} member promote ${id}`, 'waiting until the learner is in sync')
}

// Only a temporary refusal by etcd is tried again. With `isDone`, which checks the result, a lost answer is, too.
function retried(command: string, saying: string, isDone?: string): string {
  const lost = "'leader changed'* | *'no leader'* | *'timed out'* | *'deadline exceeded'*"
  return `end=$(( $(date +%s) + 120 ))
until said=$(${command} 2>&1); do
${isDone === undefined ? '' : `  if ${isDone}; then break; fi\n`}  case $said in
    *'too many learner'* | *'in sync with leader'* | *'unhealthy cluster'* | *'re-configuration failed'*${isDone === undefined ? '' : ` | \\\n    *${lost}`}) ;;
    *) printf '%s\\n' "$said" >&2; exit 1 ;;
  esac
  if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$said" >&2; exit 1; fi
  echo ${quote(saying)}
  sleep 1
done
`
}

function environment(cluster: string, state: 'new' | 'existing', token: string): string {
  return `ETCD_INITIAL_CLUSTER=${cluster}\nETCD_INITIAL_CLUSTER_STATE=${state}\nETCD_INITIAL_CLUSTER_TOKEN=${token}\n`
}

const untilData = `end=$(( $(date +%s) + 30 ))
until [ -d ${data}/member/wal ]; do
  state=$(systemctl show -p ActiveState --value -- ${etcdUnit})
  if [ "$state" = failed ] || [ "$(date +%s)" -ge "$end" ]; then
    { echo "etcd is $state and has not begun its log"; journalctl --unit=${etcdUnit} --no-pager --quiet --output=cat | tail -n 20; } >&2
    exit 1
  fi
  sleep 0.1
done
`
