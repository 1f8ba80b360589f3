### certificate authority:etcd-ca on e1: probe
if [ -f /etc/etcd/ca/ca.crt ]; then printf 'certificate='; base64 -w 0 </etc/etcd/ca/ca.crt; echo; fi
if [ -s /etc/etcd/ca/ca.key ]; then echo key=there; fi
echo "now=$(date +%s)"

### certificate authority:etcd-ca on e1: step 1
umask 077
if [ ! -s /etc/etcd/ca/ca.key ]; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /etc/etcd/ca/ca.key.next 2>/dev/null
  { sync -- /etc/etcd/ca/ca.key.next 2>/dev/null || sync; }
  mv -fT /etc/etcd/ca/ca.key.next /etc/etcd/ca/ca.key
fi
openssl req -x509 -new -key /etc/etcd/ca/ca.key -sha256 -days 3650 -subj '/CN=etcd-ca' \
  -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature -out /etc/etcd/ca/ca.crt.next
chmod 644 /etc/etcd/ca/ca.crt.next
{ sync -- /etc/etcd/ca/ca.crt.next 2>/dev/null || sync; }
mv -fT /etc/etcd/ca/ca.crt.next /etc/etcd/ca/ca.crt
{ sync -- "$(dirname /etc/etcd/ca/ca.crt)" 2>/dev/null || sync; }
