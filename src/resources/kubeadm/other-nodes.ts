import { quote } from '../../shell/quote.ts'
import { kubectl } from '../api/index.ts'
import { kubeadmApi } from './api-access.ts'
import { manifestFolder, printEtcdServers } from './static-pods.ts'
import { runMark } from './unfinished.ts'

const manifest = `${manifestFolder}/kube-apiserver.yaml`
const base64 = (text: string) => Buffer.from(text).toString('base64')

// The keys of nodes, without their values; etcd's JSON gateway has bytes in base64.
const question = JSON.stringify({
  key: base64('/registry/minions/'),
  range_end: base64('/registry/minions0'),
  limit: '4',
  keys_only: true,
})

/**
 * Lines of sh that end the script if nodes other than `node` are in the cluster of an init that was cut off. evcctl lets no
 * node join before init is complete; but if only its last step was cut off, people may have used the cluster since. `$data`:
 * see readMarks. An API server that does not answer says nothing about nodes, and often it is why init failed. Then etcd
 * tells: the file of a stacked one, which needs no running etcd, or the answer of an external one.
 */
export function needNoOthers(node: string): string {
  const others = `Other nodes are in this cluster, although its kubeadm init was cut off, so it is not reset. If it is well, remove ${runMark}; then apply again.`
  return `nodes_in_etcd() {
${inFile}${inExternal}}
nodes=$(timeout 12 ${kubectl(kubeadmApi, 5)} get nodes -o name 2>/dev/null) || nodes=$(nodes_in_etcd)
others=$(printf '%s\\n' "$nodes" | grep -vxF -e '' -e ${quote(`node/${node}`)} | head -n 3) || :
if [ -n "$others" ]; then
  printf '%s\\n' ${quote(others)} "$others" >&2
  exit 1
fi
`
}

// bbolt keeps keys as they are, and etcd's record of a key that exists goes on with the tag of its second field
// (mvccpb.KeyValue: create_revision, byte 16). A page that was freed may still have a node that is gone.
const inFile = `  if [ -n "$data" ]; then
    if [ ! -e "$data/member/snap/db" ]; then return 0; fi
    found=$(LC_ALL=C grep -aoE "/minions/[a-z0-9.-]+$(printf '\\020')" "$data/member/snap/db") || [ $? -eq 1 ]
    printf '%s\\n' "$found" | tr -d '\\020' | sed 's|.*/|node/|'
    return 0
  fi
`

// Without a manifest no API server has written anything.
const inExternal = `  if [ ! -s ${manifest} ]; then return 0; fi
  flag() { sed -n "s|^ *- --etcd-$1=||p" ${manifest} | head -n 1; }
  for endpoint in $(${printEtcdServers}); do
    said=$(curl -q --silent --fail --connect-timeout 2 --max-time 5 --cacert "$(flag cafile)" --cert "$(flag certfile)" --key "$(flag keyfile)" --data ${quote(question)} "$endpoint/v3/kv/range") || continue
    case $said in *'"cluster_id":'*) ;; *) continue ;; esac
    for key in $(printf '%s' "$said" | grep -o '"key":"[^"]*"' | cut -d '"' -f 4); do
      printf '%s' "$key" | base64 -d | sed 's|.*/|node/|'
      echo
    done
    return 0
  done
  echo 'Neither the API server nor etcd answers, so nobody knows whether other nodes are in this cluster, whose kubeadm init was cut off: it is not reset. Let etcd answer, then apply again; or, if nothing of the cluster is needed, run kubeadm reset on this host first.' >&2
  exit 1
`
