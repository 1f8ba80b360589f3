/**
 * The two interfaces of the kernel to iptables, for IPv4 and IPv6. Which of them a component uses is its own choice, so all
 * are looked at. The older one is asked only where the kernel has tables of it, since the question alone would load them.
 */
export const packetFilters: readonly string[] = ['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy']

/**
 * Chains of the kubelet, kube-proxy and pod networks. The CNI plugin portmap shares its three chains with whoever else uses
 * it, e.g. podman: they count only when no port leads anywhere.
 */
const ownChain = '^(KUBE-|FLANNEL-|cali-|CILIUM_|OLD_CILIUM_)'
const sharedChain = '^CNI-HOSTPORT-(DNAT|MASQ|SETMARK)$'

/**
 * Reads what iptables-save prints, and prints for iptables-restore --noflush what removes the own chains and the rules of
 * other chains that lead to them. All other rules stay. It prints nothing where there are no such chains. Rules are compared
 * without what is between quotes: a comment may contain anything.
 */
const ownRules = `
/^\\*/ { table = $0; chains = rules = ports = 0; split("", is); next }
/^:/ { name = substr($1, 2); if (name ~ /${ownChain}/ || name ~ /${sharedChain}/) { chain[++chains] = name; is[name] = 1 } next }
/^-A / { if ($2 == "CNI-HOSTPORT-DNAT") ports++; rule[++rules] = $0; next }
/^COMMIT/ {
  if (ports) for (i = 1; i <= chains; i++) if (chain[i] ~ /${sharedChain}/) delete is[chain[i]]
  out = ""
  for (i = 1; i <= rules; i++) {
    bare = rule[i]
    gsub(/"([^"\\\\]|\\\\.)*"/, "", bare)
    n = split(bare, word, " ")
    if (word[2] in is) continue
    for (j = 3; j < n; j++) {
      if ((word[j] == "-j" || word[j] == "-g") && word[j + 1] in is) { out = out "-D" substr(rule[i], 3) "\\n"; break }
    }
  }
  for (i = 1; i <= chains; i++) if (chain[i] in is) out = out "-F " chain[i] "\\n"
  for (i = 1; i <= chains; i++) if (chain[i] in is) out = out "-X " chain[i] "\\n"
  if (out != "") printf "%s\\n%sCOMMIT\\n", table, out
}`

/** Shell function `own_rules FILTER`: what removes the own rules of one of `packetFilters`; see above. */
export const ownRulesFunction = `own_rules() {
  case $1 in
  ip6*legacy) [ -s /proc/net/ip6_tables_names ] || return 0 ;;
  *legacy) [ -s /proc/net/ip_tables_names ] || return 0 ;;
  esac
  command -v "$1-save" >/dev/null 2>&1 || return 0
  "$1-save" 2>/dev/null | awk '${ownRules}'
}
`
