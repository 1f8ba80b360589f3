# run
umask 022
mkdir -p /etc/firewalld/policies /etc/firewalld/zones
interfaces=-
! systemctl is-active --quiet NetworkManager.service || interfaces=interfaces
evcctl_rules() {
  { firewall-cmd "$@" --list-all-zones; firewall-cmd "$@" --list-all-policies; firewall-cmd "$@" --direct --get-all-rules; } 2>/dev/null |
    sed -e 's/ ([a-z, ]*)$//' -e "/^  $interfaces:/d" -e '/^evcctl-/,/^$/d'
}
before=$(evcctl_rules)
after=$(evcctl_rules --permanent)
if [ "$before" != "$after" ]; then
  echo 'evcctl: rules that are not permanent' >&2
  printf '%s\n' "$before" >/run/evcctl-firewalld-now
  printf '%s\n' "$after" | diff - /run/evcctl-firewalld-now | sed -n 's/^[<>]/&/p'
  rm -f /run/evcctl-firewalld-now
  exit 1
fi
# write /etc/firewalld/policies/evcctl-in.xml
<?xml version="1.0" encoding="utf-8"?>
<policy priority="-100" target="CONTINUE">
  <short>evcctl</short>
  <description>Kept by evcctl: what the Kubernetes cluster needs. What is changed here by hand is changed back.</description>
  <ingress-zone name="ANY"/>
  <egress-zone name="HOST"/>
  <rule family="ipv4">
    <source address="192.0.2.21"/>
    <port port="2380" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="192.0.2.22"/>
    <port port="2380" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <port port="30000-32767" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="10.244.0.0/16"/>
    <port port="6443" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="192.0.2.21"/>
    <port port="6443" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="192.0.2.21"/>
    <port port="8472" protocol="udp"/>
    <accept/>
  </rule>
</policy>
# write /etc/firewalld/policies/evcctl-through.xml
<?xml version="1.0" encoding="utf-8"?>
<policy priority="-100" target="CONTINUE">
  <short>evcctl</short>
  <description>Kept by evcctl: what the Kubernetes cluster needs. What is changed here by hand is changed back.</description>
  <ingress-zone name="ANY"/>
  <egress-zone name="ANY"/>
  <rule family="ipv4">
    <source address="10.244.0.0/16"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="192.0.2.21"/>
    <destination address="10.244.0.0/16"/>
    <accept/>
  </rule>
</policy>
# write /etc/firewalld/zones/evcctl-pods.xml
<?xml version="1.0" encoding="utf-8"?>
<zone>
  <short>evcctl-pods</short>
  <description>Kept by evcctl: the pods of the Kubernetes cluster. What they may do is in the policies evcctl-in and evcctl-through.</description>
  <source address="10.244.0.0/16"/>
</zone>
# run
firewall-cmd --quiet --reload
