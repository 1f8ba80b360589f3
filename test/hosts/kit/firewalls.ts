/** A firewall as people set it up by hand: everything is dropped but SSH, answers and the host itself. */
export interface TestFirewall {
  readonly kind: 'ufw' | 'firewalld' | 'nftables' | 'iptables'
  /** Shell commands that switch it on. */
  readonly on: string
  readonly off: string
  /** Loads the user's own rules anew, in the ways that people do it. */
  readonly restarts: readonly string[]
  /** Prints the user's own rules, as they are in force. */
  readonly rules: string
  /** Closes the kubelet's port by hand, which evcctl opened. */
  readonly tamper: string
}

const nftConfig = `#!/usr/sbin/nft -f
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state invalid drop
    ct state established,related accept
    iif lo accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    counter log prefix \\"dropped \\" reject with icmpx type admin-prohibited
  }
  chain output { type filter hook output priority filter; policy accept; }
}`

// What iptables-save gives, with a terminal REJECT as RHEL's and Oracle's images have it instead of a policy.
const iptablesRules = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT`

// The service of Debian's iptables-persistent, which cannot be installed beside ufw.
const persistent = `[Unit]
DefaultDependencies=no
Wants=network-pre.target systemd-modules-load.service
Before=network-pre.target shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/iptables-restore /etc/iptables/rules.v4
ExecReload=/sbin/iptables-restore /etc/iptables/rules.v4
[Install]
WantedBy=multi-user.target`

export const testFirewalls: readonly TestFirewall[] = [
  {
    kind: 'ufw',
    on: 'systemctl enable --now ufw; ufw allow 22/tcp; ufw --force enable',
    off: 'ufw disable',
    restarts: ['ufw reload', 'systemctl restart ufw'],
    rules: 'ufw show added | grep -v evcctl',
    tamper:
      "ufw status numbered | sed -n 's/^\\[ *\\([0-9]*\\)\\].*kubelet.*/\\1/p' | sort -rn | while read -r n; do ufw --force delete $n; done",
  },
  {
    kind: 'firewalld',
    on: 'systemctl enable --now firewalld; firewall-cmd --permanent --add-interface=eth0; firewall-cmd --reload',
    off: 'systemctl disable --now firewalld',
    restarts: ['firewall-cmd --reload', 'systemctl restart firewalld'],
    rules:
      "{ firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones; } | sed -e '/^evcctl-/,/^ *$/d'",
    tamper:
      'firewall-cmd --policy=evcctl-in --list-rich-rules | grep 10250 | while read -r rule; do firewall-cmd --policy=evcctl-in --remove-rich-rule="$rule"; done',
  },
  {
    kind: 'nftables',
    on: `printf '%s\\n' "${nftConfig}" >/etc/nftables.conf; systemctl enable --now nftables`,
    off: 'systemctl disable --now nftables',
    restarts: [
      'systemctl restart nftables',
      'systemctl reload nftables',
      'systemctl stop nftables; systemctl start nftables',
    ],
    rules:
      "nft list table inet filter | sed -e '/jump evcctl/d' -e '/chain evcctl/,/^\t}/d' -e 's/counter packets [0-9]* bytes [0-9]*/counter/' -e '/^$/d'",
    tamper:
      "nft -a list chain inet filter evcctl_input | sed -n 's/.*10250.*handle \\([0-9]*\\)$/delete rule inet filter evcctl_input handle \\1/p' | nft -f -",
  },
  {
    kind: 'iptables',
    on: `mkdir -p /etc/iptables; printf '%s\\n' "${iptablesRules}" >/etc/iptables/rules.v4
printf '%s\\n' "${persistent}" >/etc/systemd/system/netfilter-persistent.service; systemctl enable --now netfilter-persistent`,
    off: 'systemctl disable --now netfilter-persistent; iptables -P FORWARD ACCEPT; iptables -D INPUT -j REJECT --reject-with icmp-host-prohibited',
    restarts: ['systemctl restart netfilter-persistent', 'systemctl reload netfilter-persistent'],
    rules: 'iptables -S | grep -v EVCCTL',
    tamper:
      'iptables -S EVCCTL-INPUT | grep 10250 | sed \'s/^-A/-D/\' | while read -r rule; do eval iptables "$rule"; done',
  },
]
