### key and request:/etc/etcd/pki/server on e1: probe
if [ -f /etc/etcd/pki/server.csr ]; then printf 'request='; base64 -w 0 </etc/etcd/pki/server.csr; echo; fi
if [ ! -s /etc/etcd/pki/server.key ]; then echo key=missing
elif ! command -v openssl >/dev/null || [ ! -s /etc/etcd/pki/server.csr ]; then echo 'key=not known'
elif [ "$(openssl pkey -in /etc/etcd/pki/server.key -pubout 2>/dev/null)" = "$(openssl req -in /etc/etcd/pki/server.csr -noout -pubkey 2>/dev/null)" ]; then echo 'key=its own'
else echo key=another; fi

### key and request:/etc/etcd/pki/server on e1: step 1
umask 077
if [ ! -s /etc/etcd/pki/server.key ]; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /etc/etcd/pki/server.key.next 2>/dev/null
  { sync -- /etc/etcd/pki/server.key.next 2>/dev/null || sync; }
  mv -fT /etc/etcd/pki/server.key.next /etc/etcd/pki/server.key
fi
{ printf '%s\n' '# CN=e1'; openssl req -new -key /etc/etcd/pki/server.key -sha256 -subj '/CN=e1'; } >/etc/etcd/pki/server.csr.next
{ sync -- /etc/etcd/pki/server.csr.next 2>/dev/null || sync; }
mv -fT /etc/etcd/pki/server.csr.next /etc/etcd/pki/server.csr
{ sync -- "$(dirname /etc/etcd/pki/server.csr)" 2>/dev/null || sync; }

### key and request:/etc/evcctl/etcd/client on cp1: step 1, of 10 lines
…
{ printf '%s\n' '# CN=kube-apiserver-etcd-client:cp1'; openssl req -new -key /etc/evcctl/etcd/client.key -sha256 -subj '/CN=kube-apiserver-etcd-client:cp1'; } >/etc/evcctl/etcd/client.csr.next
…
