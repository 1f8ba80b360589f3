import { quoteAll } from '../../shell/quote.ts'
import { joinDocument } from './join-script.ts'
import { clientPort, peerPort } from './stacked-members.ts'

/**
 * Shell functions that remove this host's own member from etcd, identified by its exact peer URL. `leave_etcd` is for a host
 * that is about to be reset: as long as etcd does not let the member go, the quorum may need its data.
 * `remove_stale_member` is for a host that is about to join and so runs no etcd: a member left by an earlier join would keep
 * others from joining (etcd takes one learner at a time) or count against the quorum. kubeadm reset removes the member only
 * if the node's API server had registered. etcd itself refuses a removal that would cost the quorum
 * (--strict-reconfig-check, its default). The functions use etcd's JSON gateway, since hosts have no etcdctl. They run in
 * the script of joinScript(), where kubeadm can read joinDocument. `others` are the addresses of the other control plane
 * nodes.
 */
export function staleMemberFunctions(address: string, others: readonly string[]): string {
  const pki = '/etc/kubernetes/pki'
  const phase = 'kubeadm join phase control-plane-prepare'
  return `ask_etcd() {
  for address in ${quoteAll(others)}; do
    if curl -q --silent --show-error --fail --connect-timeout 2 --max-time 15 --cacert ${pki}/etcd/ca.crt \\
      --cert ${pki}/apiserver-etcd-client.crt --key ${pki}/apiserver-etcd-client.key \\
      --data "$2" "https://$address:${clientPort}/v3/cluster/member/$1"; then return 0; fi
  done
  echo "no member of etcd did it: member $1" >&2
  return 1
}
remove_member() {
  members=$(ask_etcd list '{}') || return 1
  id=$(printf '%s' "$members" | tr '{' '\\n' | grep -F '"peerURLs":["https://${address}:${peerPort}"]' | sed -n 's/.*"ID":"\\([0-9]*\\)".*/\\1/p')
  if [ -z "$id" ]; then return 0; fi
  echo "removing the etcd member $id of https://${address}:${peerPort} that an earlier join left"
  ask_etcd remove "{\\"ID\\":\\"$id\\"}" >/dev/null
}
leave_etcd() {
  if [ ! -s ${pki}/apiserver-etcd-client.key ]; then return 0; fi
  remove_member
}
remove_stale_member() {
  ${phase} download-certs --config ${joinDocument} >/dev/null || return 1
  ${phase} certs --config ${joinDocument} >/dev/null || return 1
  remove_member
}
`
}
