import { etcdPaths } from './paths.ts'

/** How root reaches the member of etcd on a host, stacked or not. */
export interface MemberAccess {
  /** A file that only hosts with a member have. */
  readonly is: string
  /** A word of sh with its client URL. If the URL is empty, the loopback address is used. */
  readonly at: string
  /** The certificate and key of a client, and the CA that it trusts. */
  readonly files: { readonly ca: string; readonly certificate: string; readonly key: string }
}

/**
 * Lines of sh that set `own` to the client URL of the member, and define `ctl` (etcdctl with the certificate of the host),
 * `everybody` (prints the client URLs of all members, separated by commas; that of one that never started answers nobody)
 * and `isWell URLS` (all of them answer).
 */
export function memberFunctions({ at, files }: MemberAccess): string {
  return `own=${at}
own=\${own:-https://127.0.0.1:2379}
ctl() { ${etcdPaths.client} --cacert ${files.ca} --cert ${files.certificate} --key ${files.key} --dial-timeout 2s "$@"; }
everybody() { ctl --endpoints "$own" --command-timeout 5s member list -w simple | awk -F', ' '{ printf "%s%s", sep, ($5 == "" ? "unstarted" : $5); sep = "," }'; }
isWell() { [ -n "$1" ] && ctl --endpoints "$1" --command-timeout 5s endpoint health >/dev/null 2>&1; }
`
}
