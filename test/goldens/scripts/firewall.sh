### firewall:openings on cp1: probe
if command -v iptables >/dev/null 2>&1; then
  iptables -S 2>/dev/null | sed -n -E '/^-[AN] (KUBE|FLANNEL|CNI|cali|CILIUM|DOCKER)-/!s/^/iptables=/p'
fi
if [ -e /etc/ufw/user.rules ]; then
  ! grep -qix 'ENABLED=yes' /etc/ufw/ufw.conf || echo ufw=enabled
  sed -n 's/^### tuple ### /tuple=/p' /etc/ufw/user.rules
fi
if [ -d /etc/firewalld ]; then
  for way in in through; do
    if [ -e /etc/firewalld/policies/evcctl-$way.xml ]; then echo "firewalld-file=$way $(base64 </etc/firewalld/policies/evcctl-$way.xml | tr -d '\n')"; fi
  done
  if [ -e /etc/firewalld/zones/evcctl-pods.xml ]; then echo "firewalld-zone-file=$(base64 </etc/firewalld/zones/evcctl-pods.xml | tr -d '\n')"; fi
  for file in /etc/firewalld/zones/*.xml; do
    case $file in */evcctl-pods.xml | *'*'*) ;; *) sed -n 's/^  <source address="\([^"]*\)".*/firewalld-other=\1/p' "$file" ;; esac
  done
  if systemctl is-active --quiet firewalld.service; then
    echo firewalld=active
    echo "firewalld-sources=$(busctl call --json=short org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 org.fedoraproject.FirewallD1.zone getSources s evcctl-pods 2>/dev/null)"
    for way in in through; do
      echo "firewalld-policy=$way $(busctl call --json=short org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 org.fedoraproject.FirewallD1.policy getPolicySettings s "evcctl-$way" 2>/dev/null)"
    done
  fi
fi
if command -v nft >/dev/null 2>&1; then
  nft list chains 2>/dev/null | awk '
    $1 == "table" { table = $2 " " $3 }
    $1 == "chain" { chain = $2 }
    /type filter hook (input|forward) / && table ~ /^(inet|ip) / && table !~ /^(inet firewalld|ip kube-proxy)$/ {
      if (table == "ip filter" && chain ~ /^(INPUT|FORWARD)$/) next
      if (!(table in seen)) print table
      seen[table] = 1
    }' | while read -r family name; do echo "nft=$(nft -j -t list table "$family" "$name" | tr -d '\n')"; done
fi
if [ -e /etc/evcctl/firewall-nftables.sh ]; then echo "nftables-script=$(base64 </etc/evcctl/firewall-nftables.sh | tr -d '\n')"; fi
if [ -e /etc/systemd/system/evcctl-firewall-nftables.service ]; then
  echo "nftables-unit=$(base64 </etc/systemd/system/evcctl-firewall-nftables.service | tr -d '\n')"
  ! systemctl is-enabled --quiet evcctl-firewall-nftables.service || echo nftables-enabled=yes
  ! systemctl is-active --quiet evcctl-firewall-nftables.service || echo nftables-active=yes
fi
if [ -e /etc/evcctl/firewall-iptables.sh ]; then echo "iptables-script=$(base64 </etc/evcctl/firewall-iptables.sh | tr -d '\n')"; fi
if [ -e /etc/systemd/system/evcctl-firewall-iptables.service ]; then
  echo "iptables-unit=$(base64 </etc/systemd/system/evcctl-firewall-iptables.service | tr -d '\n')"
  ! systemctl is-enabled --quiet evcctl-firewall-iptables.service || echo iptables-enabled=yes
  ! systemctl is-active --quiet evcctl-firewall-iptables.service || echo iptables-active=yes
fi
